"""Array operations around the mathematics: checks at the public edge, padding, blocks, tiles, sharding.

May import jax, NumPy and `_geometry`.
"""
