"""The commands of `python -m experiments.fcn`: one file each."""
