"""Integers only: arguments, sizes, `ConvGeometry`, `ConvSpec`, overlap counts, costs, the nearest possible layer.

May import NumPy, which tabulates positions, and nothing of this package.
"""
