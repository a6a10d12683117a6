"""The explicit sparse matrix C: its index, its layout in memory, its products, and `ConvMatrix`.

May import `_arrays` and `_geometry`.
"""
