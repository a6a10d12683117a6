"""`ConvOperator`: C and Cᵀ with no matrix stored, its singular values, and other libraries' operators.

May import `_primitives`, `_matrix`, `_arrays` and `_geometry`.
"""
