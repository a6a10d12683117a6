"""Rounding bound of verification: the maximum difference between two sums of the same products.

A sum of n products, in any order, is within (n + 1)·eps·sum|products| of the exact one to first
order in eps (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1).
"""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jtconv._arrays import checks
from jtconv._matrix.conv_matrix import ConvMatrix
from jtconv._matrix.index import csr_index, max_terms
from jtconv._matrix.layout import kernel_entries


class RoundingBound:
    """Magnitudes of the terms that C and Cᵀ add up, in float64, and the errors that they allow."""

    def __init__(self, matrix: ConvMatrix):
        # SciPy's type stubs know no slicing of csr_array.
        self.magnitudes: Any = _magnitudes(matrix)
        self.matrix = matrix
        # Half precision is accumulated in float32 and rounded once more, at the end.
        summed = jnp.finfo(checks.accumulator(matrix.dtype))
        self.eps, self.tiny = float(summed.eps), float(summed.tiny)
        self.final_eps = float(jnp.finfo(matrix.dtype).eps) if summed.bits > jnp.finfo(matrix.dtype).bits else 0.0
        # A complex product is four real ones, two of them in each part.
        self.weight = 4 if jnp.issubdtype(matrix.dtype, jnp.complexfloating) else 1
        self.forward_terms = self.weight * max_terms(matrix.spec, matrix.kernel_shape, False)
        self.transposed_terms = self.weight * max_terms(matrix.spec, matrix.kernel_shape, True)

    def transposed(self, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """Largest difference between two computations of Cᵀ vec(y), per entry; y and `result` as rows."""
        return self._sums(self.transposed_terms, (self.magnitudes.T @ np.abs(y).T).T, result)

    def entries(self, columns: np.ndarray, result: np.ndarray) -> np.ndarray:
        """Largest difference between two computations of these columns of C, per entry."""
        return self._sums(self.forward_terms, self.magnitudes[:, columns].toarray(), result)

    def kernel_gradient(self, x: np.ndarray, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """Largest difference between two kernel gradients of sum(C x * y), per entry; x and y as rows."""
        shape = self.matrix.kernel_shape
        csr = csr_index(self.matrix.spec, shape, transposed=False)
        row = np.repeat(np.arange(len(csr.indptr) - 1), np.diff(csr.indptr))
        slots = slice(None) if csr.entry is None else csr.entry
        tap = kernel_entries(shape, self.matrix.spec)[csr.value]
        size = np.zeros(math.prod(shape))
        for image_x, image_y in zip(np.abs(x), np.abs(y), strict=True):
            products = image_y[row[slots]] * image_x[csr.indices[slots]]
            size += np.bincount(tap, weights=products, minlength=len(size))
        terms = self.weight * len(x) * math.prod(self.matrix.spec.output_size)
        return self._sums(terms, size.reshape(shape), result)

    def _sums(self, terms: int, magnitudes: np.ndarray, result: np.ndarray) -> np.ndarray:
        underflow = 2 * terms * self.tiny
        return 2 * (terms + 1) * self.eps * magnitudes + underflow + self.final_eps * np.abs(result)

    def dot_products(self, x: np.ndarray, y: np.ndarray, cx: np.ndarray, x_t: np.ndarray) -> float:
        """Largest difference between (C x)·y and x·(Cᵀ y), both dot products being summed exactly."""
        x, y = np.abs(x), np.abs(y)
        size = float(np.sum(y * (self.magnitudes @ x.T).T))
        terms = self.forward_terms + self.transposed_terms
        final = self.final_eps * float(np.sum(np.abs(cx) * y) + np.sum(x * np.abs(x_t)))
        return (terms + 4) * self.eps * size + terms * self.tiny * float(x.sum() + y.sum()) + final


def _magnitudes(matrix: ConvMatrix) -> Any:
    """|C| as `scipy.sparse.csr_array`; taps that share an entry are added in absolute value.

    NumPy computes it, because compiling these few gathers would cost more than all other steps of a verification.
    """
    from scipy.sparse import csr_array

    csr = csr_index(matrix.spec, matrix.kernel_shape, matrix.transposed)
    values = np.abs(exact(matrix.values)).reshape(-1)[csr.value]
    if csr.entry is not None:
        values = np.bincount(csr.entry, weights=values, minlength=len(csr.indices))
    return csr_array((values, csr.indices, csr.indptr), shape=matrix.shape)


def exact(values: ArrayLike) -> np.ndarray:
    """`values` in NumPy double precision, which represents every other dtype's values exactly."""
    array = np.asarray(values)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
