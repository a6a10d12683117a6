"""Proof for one layer: every method for Cᵀ against `jax.vjp`, within rounding bounds.

May import `_conv`, `_conv_transpose` and all that they may import.
"""
