"""The articles' sizes with the formula filled in, and what "SAME" really pads. See docs/experiments/sizes.md."""
