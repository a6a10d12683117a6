"""Integers only: arguments, sizes, `ConvGeometry`, `ConvSpec`, overlap counts, costs, the nearest possible layer.

Sizes that `jax.export` leaves open are expressions of JAX's; `open_sizes` and `open_layers` have what differs for them.
May import NumPy, which tabulates positions, and nothing of this package.
"""
