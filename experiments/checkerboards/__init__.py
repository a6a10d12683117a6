"""Checkerboards of transposed convolutions, and what helps against them. See docs/experiments/checkerboards.md."""
