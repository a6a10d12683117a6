"""Operators of several layers, and the matrices they stand for."""

from typing import Any

import numpy as np
from oracles import make_case
from scipy.sparse.linalg import svds

from jtconv import ConvOperator, conv_matrix


def dense_of(case, kernel=None):
    """The matrix by its index of entries: no convolution is computed."""
    return stored(case, kernel).toarray()


def stored(case, kernel=None):
    return conv_matrix(case.kernel if kernel is None else kernel, case.input_size, **case.geometry).to_scipy()


def operator_of(case, kernel=None):
    return ConvOperator(case.kernel if kernel is None else kernel, case.input_size, **case.geometry)


def normal(rng, *shape):
    return rng.standard_normal(shape)


CASE = make_case((7, 6), (3, 2, 2, 4), strides=2, padding=1, dilation=(1, 2), groups=2)
WIDE = make_case((9, 11), (3, 4, 3, 2), strides=(1, 2), padding=((2, 0), (1, 3)), padding_mode="reflect")
COMPLEX = make_case((7, 5), (2, 3, 2, 6), dtype=np.complex128, strides=(2, 1), padding=1, groups=2)
# As matrices of more entries than are decomposed densely.
LARGE = make_case((37, 26), (3, 2, 2, 6), strides=(2, 1), padding=1, groups=2)
LARGE_WIDE = make_case((41, 38), (4, 3, 3, 2), strides=2, padding=1, padding_mode="replicate")
LARGE_COMPLEX = make_case((29, 30), (3, 2, 2, 6), dtype=np.complex128, strides=(2, 1), padding=1, groups=2)
SMALL_ONES, LARGE_ONES = (CASE, WIDE, COMPLEX), (LARGE, LARGE_WIDE, LARGE_COMPLEX)


def described(case):
    return f"{case.input_size} {case.kernel.shape} {case.kernel.dtype} {case.geometry}"


def decomposed(case, k):
    """(U, the k largest values, Vᴴ) of the stored matrix, by ARPACK, to rounding."""
    found: Any = svds(stored(case), k=k, tol=0, rng=np.random.default_rng(3))
    u, values, vh = found
    order = np.argsort(-values)
    return u[:, order], values[order], vh[order]
