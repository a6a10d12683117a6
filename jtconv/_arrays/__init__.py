"""What happens to arrays before and after the mathematics: checks at the public edge, padding, blocks, tiles.

May import jax, NumPy and `_geometry`.
"""
