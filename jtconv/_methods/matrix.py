"""Cᵀ taken literally: the sparse matrix C of the convolution, transposed, times vec(y)."""

from jax import Array

from jtconv._arrays import Precision
from jtconv._matrix import matrix_of
from jtconv._sized import SizedGeometry


def matrix_transpose(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    """`precision` has no say here: nothing runs on a matrix unit."""
    transposed = matrix_of(kernel, sized).T
    out_size = transposed.shape[1]
    x = transposed @ y.reshape(y.shape[0], out_size).T
    return x.T.reshape(y.shape[0], *sized.input_size, kernel.shape[-2] * sized.groups)
