"""One layer in words and numbers: sizes, overlaps, costs, and the same layer in every framework.

May import `_frameworks` and `_geometry`; no arrays.
"""
