"""Experiments: one folder each, with configuration, data, training, evaluation and a README."""
