"""Layers that enlarge an image, and which of them are transposed convolutions. See docs/experiments/upsampling.md."""
