"""`ConvMatrix`: the convolution as an explicit sparse matrix, which is then simply transposed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jtconv import _arrays
from jtconv._arguments import Padding
from jtconv._layer_arguments import checked_layer
from jtconv._matrix_index import CsrIndex, csr_index, row_table
from jtconv._sized import SizedGeometry

if TYPE_CHECKING:
    import scipy.sparse
    from jax.experimental.sparse import BCOO, BCSR


@dataclass(frozen=True, eq=False)
class ConvMatrix:
    """Sparse matrix C with vec(conv(x, kernel)) = C @ vec(x), or its transpose. Made by `conv_matrix`.

    Rows are vec(y), y of shape (*out_size, out_ch); columns are vec(x), x of shape (*in_size,
    in_ch); vec is `ravel` in C order. The kernel is the only array held: where its entries go is
    known from the geometry, computed once and cached. So a matrix is a pytree with one leaf, made
    anew for another kernel at no cost, and everything here differentiates with respect to it.

    `@` takes a vector or a matrix of columns on either side.
    """

    kernel: Array
    sized: SizedGeometry
    transposed: bool = False

    # NumPy arrays on the left of `@` leave the product to `__rmatmul__`.
    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        in_per_group, out_ch = self._kernel_shape[-2:]
        columns = math.prod(self.sized.input_size) * in_per_group * self.sized.groups
        rows = math.prod(self.sized.output_size) * out_ch
        return (columns, rows) if self.transposed else (rows, columns)

    @property
    def dtype(self) -> jnp.dtype:
        return self.kernel.dtype

    @property
    def nnz(self) -> int:
        """Number of entries stored, zeros in the kernel included."""
        return len(self._csr.indices)

    @property
    def T(self) -> ConvMatrix:
        """The transpose: rows vec(x), columns vec(y)."""
        return replace(self, transposed=not self.transposed)

    def __matmul__(self, other: ArrayLike) -> Array:
        """C @ v for v (columns,) or V (columns, m)."""
        columns = _arrays.float_array("right operand of @", other)
        if columns.ndim not in (1, 2) or columns.shape[0] != self.shape[1]:
            raise ValueError(
                f"the right operand of @ must have shape ({self.shape[1]},) or ({self.shape[1]}, m) for a matrix of "
                f"shape {self.shape}, got {columns.shape}. An image (*size, ch) becomes a vector by ravel()."
            )
        work, result = _arrays.dtypes(self.kernel, columns, None)
        table = row_table(self.sized, self._kernel_shape, self.transposed)
        product = _product(self.kernel.astype(work), columns.astype(work), table.column, table.tap)
        return product.astype(result)

    def __rmatmul__(self, other: ArrayLike) -> Array:
        """v @ C for v (rows,) or V (m, rows)."""
        rows = _arrays.float_array("left operand of @", other)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.shape[0]:
            raise ValueError(
                f"the left operand of @ must have shape ({self.shape[0]},) or (m, {self.shape[0]}) for a matrix of "
                f"shape {self.shape}, got {rows.shape}."
            )
        return (self.T @ rows.T).T

    def todense(self) -> Array:
        """The full array, shape `shape`: for looking at small layers."""
        csr = self._csr
        return jnp.zeros(self.shape, self.dtype).at[self._rows, csr.indices].set(self._data)

    def to_bcoo(self) -> BCOO:
        """As `jax.experimental.sparse.BCOO`, indices sorted and unique."""
        from jax.experimental.sparse import BCOO

        indices = jnp.asarray(np.stack([self._rows, self._csr.indices], axis=1))
        return BCOO((self._data, indices), shape=self.shape, indices_sorted=True, unique_indices=True)

    def to_bcsr(self) -> BCSR:
        """As `jax.experimental.sparse.BCSR`, indices sorted and unique."""
        from jax.experimental.sparse import BCSR

        csr = self._csr
        parts = (self._data, jnp.asarray(csr.indices), jnp.asarray(csr.indptr))
        return BCSR(parts, shape=self.shape, indices_sorted=True, unique_indices=True)

    def to_scipy(self) -> scipy.sparse.csr_array:
        """As `scipy.sparse.csr_array`; half precision becomes float32, which SciPy can multiply."""
        from scipy.sparse import csr_array

        csr = self._csr
        data = self._data.astype(_arrays.accumulator(self.dtype))
        # Copies, as SciPy matrices are changed in place, and the index is shared by all kernels.
        return csr_array((np.array(data), csr.indices.copy(), csr.indptr.copy()), shape=self.shape)

    @property
    def _kernel_shape(self) -> tuple[int, ...]:
        shape = self.kernel.shape
        if len(shape) != self.sized.ndim + 2:
            raise ValueError(
                f"this ConvMatrix holds a batch of kernels, of shape {shape}, as `jax.vmap` returns it: use it inside "
                f"`jax.vmap`, where it is one matrix again."
            )
        return shape

    @property
    def _csr(self) -> CsrIndex:
        return csr_index(self.sized, self._kernel_shape, self.transposed)

    @property
    def _rows(self) -> np.ndarray:
        """The row of each stored entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self._csr.indptr))

    @property
    def _data(self) -> Array:
        """The stored entries, in the order of the compressed rows."""
        csr = self._csr
        values = self.kernel.reshape(-1)[csr.tap]
        if csr.entry is None:
            return values
        return jax.ops.segment_sum(values, csr.entry, num_segments=len(csr.indices))


jax.tree_util.register_dataclass(ConvMatrix, data_fields=["kernel"], meta_fields=["sized", "transposed"])


@jax.jit
def _product(kernel: Array, columns: Array, column: Array, tap: Array) -> Array:
    """Row by row, sum over slots of kernel[tap] * columns[column]; the entry past the end is zero."""
    wide = _arrays.accumulator(kernel.dtype)
    entries = jnp.concatenate([kernel.reshape(-1), jnp.zeros(1, kernel.dtype)]).astype(wide)[tap]
    gathered = columns.astype(wide)[column]
    return jnp.sum(entries.reshape(entries.shape + (1,) * (columns.ndim - 1)) * gathered, axis=1)


def conv_matrix(
    kernel: ArrayLike,
    input_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> ConvMatrix:
    """The sparse matrix C of a convolution: vec(conv(x, kernel)) = C @ vec(x).

    C.T @ vec(y) is vec(conv_transpose(y, kernel)) and the vector-Jacobian product of `conv`.

    Args:
      kernel: (*kernel_size, in_ch // groups, out_ch), floating or complex.
      input_size: spatial size of x, an int or one per spatial axis.
      strides, padding, dilation, groups, padding_mode: as in `conv`.

    Returns:
      A `ConvMatrix` of shape (prod(out_size) * out_ch, prod(in_size) * in_ch).

    Raises:
      TypeError, ValueError: as `conv`.

    >>> import jax.numpy as jnp
    >>> C = conv_matrix(jnp.array([1.0, 2.0]).reshape(2, 1, 1), 4, strides=2)
    >>> print(C.todense())
    [[1. 2. 0. 0.]
     [0. 0. 1. 2.]]
    """
    kernel, geometry = checked_layer(
        kernel,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    return ConvMatrix(kernel, geometry.at(input_size))
