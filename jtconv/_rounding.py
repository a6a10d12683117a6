"""How far two ways of adding up the same products may differ: the bound that verification holds to.

A sum of n products, in any order, is within (n + 1)·eps·sum|products| of the exact one to first
order in eps (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1).
"""

import jax.numpy as jnp
import numpy as np

from jtconv._matrix import ConvMatrix
from jtconv._matrix_index import row_table


class RoundingBound:
    """Sizes of the terms that C and Cᵀ add up, in float64, and the errors these allow."""

    def __init__(self, matrix: ConvMatrix):
        magnitudes = ConvMatrix(jnp.abs(matrix.kernel), matrix.sized).to_scipy()
        self.magnitudes = magnitudes.astype(np.float64)
        self.eps = float(jnp.finfo(matrix.dtype).eps)
        # A complex product is four real ones, two of them in each part.
        weight = 4 if jnp.issubdtype(matrix.dtype, jnp.complexfloating) else 1
        self.forward_terms = weight * _longest_row(matrix)
        self.transposed_terms = weight * _longest_row(matrix.T)

    def transposed(self, y: np.ndarray) -> np.ndarray:
        """Largest difference between two computations of Cᵀ vec(y), per entry."""
        return 2 * (self.transposed_terms + 1) * self.eps * (self.magnitudes.T @ np.abs(y.ravel()))

    def entries(self, columns: np.ndarray) -> np.ndarray:
        """Largest difference between two computations of these columns of C, per entry."""
        return 2 * (self.forward_terms + 1) * self.eps * self.magnitudes[:, columns].toarray()

    def dot_products(self, x: np.ndarray, y: np.ndarray) -> float:
        """Largest difference between (C x)·y and x·(Cᵀ y), both dot products being summed exactly."""
        terms = self.forward_terms + self.transposed_terms + 4
        return terms * self.eps * float(np.abs(y.ravel()) @ (self.magnitudes @ np.abs(x.ravel())))


def _longest_row(matrix: ConvMatrix) -> int:
    table = row_table(matrix.sized, matrix.kernel.shape, matrix.transposed)
    return int((table.tap < matrix.kernel.size).sum(axis=1).max())
