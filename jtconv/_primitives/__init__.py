"""C, Cᵀ and the kernel's gradient as JAX primitives, and the choice of what computes each.

May import `_compute`, `_arrays` and `_geometry`.
"""
