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

from jtconv._arrays import checks
from jtconv._arrays.layer_arguments import checked_layer
from jtconv._arrays.operands import left_operand, right_operand, same_shape
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.index import CsrIndex, csr_index, entry_count
from jtconv._matrix.layout import Channels, channels_of, image_shapes, values_shape
from jtconv._matrix.products import product, stored_values, transposed_product

if TYPE_CHECKING:
    import scipy.sparse
    from jax.experimental.sparse import BCOO, BCSR


@dataclass(frozen=True, eq=False)
class ConvMatrix:
    """Sparse matrix C with vec(conv(x, kernel)) = C @ vec(x), or its transpose. Made by `conv_matrix`.

    Rows are vec(y), y of shape (*out_size, out_ch); columns are vec(x), x of shape (*in_size,
    in_ch); vec is `ravel` in C order. The entries are stored in one array, and both C and Cᵀ
    multiply by it as it is. A formula in the geometry gives the row and column of each entry. So
    a matrix is a pytree with one leaf, `values`. Everything here is differentiable with respect to
    it, and through it with respect to the kernel.

    `@` takes a vector or a matrix of columns on either side.
    """

    values: Array
    spec: ConvSpec
    kernel_shape: tuple[int, ...]
    transposed: bool = False

    # Makes NumPy arrays on the left of `@` call `__rmatmul__`.
    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        self._check_single()
        columns, rows = map(math.prod, image_shapes(self.kernel_shape, self.spec))
        return (columns, rows) if self.transposed else (rows, columns)

    def __repr__(self) -> str:
        if not self._is_single():  # inside `vmap`, or built by JAX itself
            return f"ConvMatrix(values={self.values!r}, {'transpose of ' * self.transposed}{self.spec})"
        rows, columns = self.shape
        own = f"{rows} x {columns}, {self.nnz:,} entries, {self.nbytes:,} bytes, {self.dtype}"
        return f"ConvMatrix({own}; {'transpose of ' * self.transposed}{self.spec})"

    @property
    def dtype(self) -> jnp.dtype:
        return self.values.dtype

    @property
    def nnz(self) -> int:
        """Number of entries, zeros in the kernel included."""
        self._check_single()
        return entry_count(self.spec, self.kernel_shape)

    @property
    def nbytes(self) -> int:
        """Memory of the stored values in bytes. The index is a formula and takes none.

        A value is stored for each output, each tap and each pair of channels. These are more than
        `nnz` where zero padding cuts taps off. Where taps and channels are few, up to half as many
        again are stored. The index that `to_scipy` and the like cache, up to 12 bytes per entry, is
        not counted.

        >>> import jax.numpy as jnp
        >>> C = conv_matrix(jnp.ones((3, 1, 2)), 10, padding=1)
        >>> C.nnz, C.nbytes
        (56, 288)
        """
        self._check_single()
        return self.values.size * self.values.dtype.itemsize

    @property
    def T(self) -> ConvMatrix:
        """The transpose: rows vec(x), columns vec(y)."""
        return replace(self, transposed=not self.transposed)

    def with_kernel(self, kernel: ArrayLike) -> ConvMatrix:
        """The same matrix for another kernel: only the values are computed, also under `jit` and `grad`.

        Args:
          kernel: (*kernel_size, in_ch // groups, out_ch), of the shape of the kernel that this matrix
            was made from; floating or complex, its dtype becomes the matrix'.

        Returns:
          A `ConvMatrix` of the same shape, transposed if this one is. Both share the cached index
          and the same compiled programs.

        Raises:
          TypeError: for an integer kernel.
          ValueError: for a kernel of another shape.

        >>> import jax.numpy as jnp
        >>> C = conv_matrix(jnp.array([1.0, 2.0]).reshape(2, 1, 1), 4, strides=2)
        >>> print(C.with_kernel(jnp.array([3.0, 4.0]).reshape(2, 1, 1)).todense())
        [[3. 4. 0. 0.]
         [0. 0. 3. 4.]]
        """
        kernel = same_shape(kernel, self.kernel_shape, "matrix", "conv_matrix")
        return replace(self, values=stored_values(kernel, self.spec))

    def __matmul__(self, other: ArrayLike) -> Array:
        """C @ v for v (columns,) or V (columns, m)."""
        columns = right_operand(other, self.shape)
        work, result = checks.dtypes(self.values, columns, None)
        multiply = transposed_product if self.transposed else product
        several = columns.reshape(self.shape[1], -1) if columns.ndim == 1 else columns
        found = multiply(self.values.astype(work), several.astype(work), self.spec, self._channels).astype(result)
        return found.reshape(-1) if columns.ndim == 1 else found

    def __rmatmul__(self, other: ArrayLike) -> Array:
        """v @ C for v (rows,) or V (m, rows)."""
        return (self.T @ left_operand(other, self.shape).T).T

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
        data = self._data.astype(checks.accumulator(self.dtype))
        # Copy, because SciPy changes matrices in place, and all kernels share the index.
        return csr_array((np.array(data), csr.indices.copy(), csr.indptr.copy()), shape=self.shape)

    @property
    def _channels(self) -> Channels:
        return channels_of(self.kernel_shape, self.spec.groups)

    def _is_single(self) -> bool:
        return np.ndim(self.values) == len(values_shape(self.spec, self._channels))

    def _check_single(self) -> None:
        if not self._is_single():
            raise ValueError(
                f"this ConvMatrix holds a batch of kernels, values of shape {self.values.shape}, as `jax.vmap` "
                f"returns it: use it inside `jax.vmap`, where it is one matrix again."
            )

    @property
    def _csr(self) -> CsrIndex:
        self._check_single()
        return csr_index(self.spec, self.kernel_shape, self.transposed)

    @property
    def _rows(self) -> np.ndarray:
        """The row of each stored entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self._csr.indptr))

    @property
    def _data(self) -> Array:
        """The stored entries, in the order of the compressed rows."""
        csr = self._csr
        values = self.values.reshape(-1)[csr.value]
        if csr.entry is None:
            return values
        return jax.ops.segment_sum(values, csr.entry, num_segments=len(csr.indices))


jax.tree_util.register_dataclass(ConvMatrix, data_fields=["values"], meta_fields=["spec", "kernel_shape", "transposed"])


def matrix_of(kernel: Array, spec: ConvSpec) -> ConvMatrix:
    """The matrix of a layer whose arguments are already checked."""
    return ConvMatrix(stored_values(kernel, spec), spec, kernel.shape)


@naming_keywords
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
        kernel, strides=strides, padding=padding, dilation=dilation, groups=groups, padding_mode=padding_mode
    )
    arg.check_known("input_size", input_size, "the matrix has a column for each position of x")
    return matrix_of(kernel, geometry.at(input_size).check_countable())
