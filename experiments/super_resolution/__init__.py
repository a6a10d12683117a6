"""Photographs enlarged by a network whose last layer is a transposed convolution, against interpolation."""
