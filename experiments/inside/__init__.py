"""Features of a trained FCN-8, projected back to pixels. See docs/experiments/inside.md."""
