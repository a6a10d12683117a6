"""The gradient of a convolution is its transpose, column by column. See docs/experiments/gradient.md."""
