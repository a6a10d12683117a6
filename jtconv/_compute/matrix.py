"""Cᵀ taken literally: the sparse matrix C of the convolution, transposed, times vec(y)."""

from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.conv_matrix import matrix_of


def matrix_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """`precision` has no say here: nothing runs on a matrix unit."""
    transposed = matrix_of(kernel, spec).T
    out_size = transposed.shape[1]
    x = transposed @ y.reshape(y.shape[0], out_size).T
    return x.T.reshape(y.shape[0], *spec.input_size, kernel.shape[-2] * spec.groups)
