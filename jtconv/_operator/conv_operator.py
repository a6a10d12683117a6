"""`ConvOperator`: the matrix C as its products, without stored entries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._arrays import checks
from jtconv._arrays.layer_arguments import checked_layer
from jtconv._arrays.operands import left_operand, right_operand, same_shape
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.conv_matrix import ConvMatrix, matrix_of
from jtconv._matrix.index import entry_count
from jtconv._matrix.layout import image_shapes
from jtconv._operator import adapters
from jtconv._operator.singular_values import singular_values
from jtconv._primitives.family import forward, transposed
from jtconv._primitives.lax_only import jit_outside_lax_only

if TYPE_CHECKING:
    import scipy.sparse.linalg
    from jax.experimental.sparse import BCOO, BCSR


class ConvOperator:
    """The matrix C with vec(conv(x, kernel)) = C @ vec(x), which stores only the kernel.

    Rows are vec(y), y of shape (*out_size, out_ch); columns are vec(x), x of shape (*in_size,
    in_ch); vec is `ravel` in C order. It is the same matrix as `conv_matrix` returns, and suits
    layers whose entries do not fit into memory. `conv` computes C @ v, `conv_transpose` C.T @ v.

    `@` takes a vector or a matrix of columns on either side. An operator is a pytree with one leaf,
    `kernel`. Everything here works under `jit` and `vmap`, and is differentiable with respect to the kernel.

    Args:
      kernel: (*kernel_size, in_ch // groups, out_ch), floating or complex.
      input_size: spatial size of x, an int or one per spatial axis.
      strides, padding, dilation, groups, padding_mode: as in `conv`.

    Raises:
      TypeError, ValueError: as `conv`.

    >>> import jax.numpy as jnp
    >>> C = ConvOperator(jnp.array([1.0, 2.0]).reshape(2, 1, 1), 4, strides=2)
    >>> C.shape, C.T.shape
    ((2, 4), (4, 2))
    >>> print(C @ jnp.arange(4.0))
    [2. 8.]
    >>> print(C.T @ jnp.array([1.0, 10.0]))
    [ 1.  2. 10. 20.]
    """

    kernel: Array
    spec: ConvSpec
    transposed: bool

    # Makes NumPy arrays on the left of `@` call `__rmatmul__`.
    __array_ufunc__ = None

    @naming_keywords
    def __init__(
        self,
        kernel: ArrayLike,
        input_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "VALID",
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
    ):
        kernel, geometry = checked_layer(
            kernel, strides=strides, padding=padding, dilation=dilation, groups=groups, padding_mode=padding_mode
        )
        arg.check_known("input_size", input_size, "the operator has a column for each position of x")
        self.kernel, self.spec, self.transposed = kernel, geometry.at(input_size).check_countable(), False

    def __repr__(self) -> str:
        if not self._is_single():  # inside `vmap`, or built by JAX itself
            return f"ConvOperator(kernel={self.kernel!r}, transposed={self.transposed}, {self.spec})"
        rows, columns = self.shape
        own = f"{rows} x {columns}, {self.nnz:,} entries not stored, kernel of {self.nbytes:,} bytes, {self.dtype}"
        return f"ConvOperator({own}; {'transpose of ' * self.transposed}{self.spec})"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        columns, rows = map(math.prod, self._images)
        return rows, columns

    @property
    def dtype(self) -> jnp.dtype:
        """Dtype of the kernel."""
        return self.kernel.dtype

    @property
    def nnz(self) -> int:
        """Number of entries of the matrix, zeros in the kernel included; none of them is stored."""
        self._check_single()
        return entry_count(self.spec, self.kernel.shape)

    @property
    def nbytes(self) -> int:
        """Memory of the kernel, in bytes."""
        self._check_single()
        return self.kernel.size * self.dtype.itemsize

    @property
    def T(self) -> ConvOperator:
        """The transpose, `conv_transpose`: rows vec(x), columns vec(y). Without conjugation."""
        return _operator(self.kernel, self.spec, not self.transposed)

    @property
    def H(self) -> ConvOperator:
        """The adjoint, conj(C).T; for a real kernel the transpose."""
        return _operator(jnp.conj(self.kernel), self.spec, not self.transposed)

    def with_kernel(self, kernel: ArrayLike) -> ConvOperator:
        """The same operator for another kernel of the same shape; its dtype becomes the operator's.

        Raises:
          TypeError: for an integer kernel.
          ValueError: for a kernel of another shape.
        """
        kernel = same_shape(kernel, self.kernel.shape, "operator", "ConvOperator")
        return _operator(kernel, self.spec, self.transposed)

    def __matmul__(self, other: ArrayLike) -> Array:
        """C @ v for v (columns,) or V (columns, m)."""
        return _product(self, right_operand(other, self.shape).T).T

    def __rmatmul__(self, other: ArrayLike) -> Array:
        """v @ C for v (rows,) or V (m, rows)."""
        return _product(self.T, left_operand(other, self.shape))

    def norm(self, *, tolerance: float = 1e-4) -> Array:
        """The largest singular value, the maximum of |C x| / |x|: `singular_values(1)[0]`.

        >>> import jax.numpy as jnp
        >>> blur = ConvOperator(jnp.array([0.25, 0.5, 0.25]).reshape(3, 1, 1), 64, padding=1, padding_mode="circular")
        >>> print(f"{blur.norm():.4f}")
        1.0000
        """
        return self.singular_values(1, tolerance=tolerance)[0]

    def singular_values(self, k: int, *, tolerance: float = 1e-4) -> Array:
        """The k largest singular values, descending, with multiplicity.

        `jax.numpy.linalg.svd` computes them where the matrix has at most 2**20 entries, or at most
        5k rows or columns. Otherwise LOBPCG on CᴴC computes them, from a fixed random start, with
        products by `conv` and `conv_transpose` only. Its residuals are bounded:
        |CᴴC v - σ² v| <= `tolerance` · σ₁² for every σ returned, where σ₁ is the largest. So each σ is
        within about `tolerance`·σ₁²/2σ of a singular value of C. Most are much closer, because the
        error is of the order of the residual's square. Up to rounding, no σ is larger than the
        singular value that it approximates. A missed singular value is very unlikely, because the
        start is random, but not impossible.

        Differentiable once with respect to the kernel, dσ = Re(uᴴ dC v). For a repeated value, only
        the sum over its repetitions has a derivative.

        Args:
          k: number of values; at most the smaller of the matrix' sides.
          tolerance: bound on the residuals, above 0 and below 1; for float32 not below about 1e-6. With
            1e-4 some 10 to 500 iterations are needed.

        Returns:
          (k,), real; float32 for half precision. NaN for all k if 1,000 iterations do not reach
          `tolerance`.

        Raises:
          TypeError, ValueError: for a k or tolerance out of bounds.

        >>> import jax.numpy as jnp
        >>> C = ConvOperator(jnp.array([3.0, 4.0]).reshape(2, 1, 1), 6, strides=2)
        >>> print(C.singular_values(2))
        [5. 5.]
        """
        least = min(self.shape)
        k = arg.integer("k", k)
        if not 1 <= k <= least:
            raise ValueError(f"`k` must be in [1, {least}] for a matrix of shape {self.shape}, got {k}.")
        tolerance = arg.real("tolerance", tolerance)
        if not 0 < tolerance < 1:
            raise ValueError(f"`tolerance` must be above 0 and below 1, got {tolerance}.")
        wide = self.kernel.astype(checks.accumulator(self.dtype))
        return singular_values(self.with_kernel(wide), k, tolerance)

    def to_matrix(self) -> ConvMatrix:
        """The same matrix with its entries stored."""
        self._check_single()
        matrix = matrix_of(self.kernel, self.spec)
        return matrix.T if self.transposed else matrix

    def todense(self) -> Array:
        """The full array, shape `shape`: for looking at small layers."""
        return self.to_matrix().todense()

    def to_bcoo(self) -> BCOO:
        """As `jax.experimental.sparse.BCOO`, with all entries stored, indices sorted and unique."""
        return self.to_matrix().to_bcoo()

    def to_bcsr(self) -> BCSR:
        """As `jax.experimental.sparse.BCSR`, with all entries stored, indices sorted and unique."""
        return self.to_matrix().to_bcsr()

    def to_scipy(self) -> scipy.sparse.linalg.LinearOperator:
        """As `scipy.sparse.linalg.LinearOperator`, for its solvers: NumPy arrays in and out.

        `rmatvec` is the adjoint. Half precision has the dtype float32 there. For a SciPy sparse matrix
        use `to_matrix().to_scipy()`.

        >>> import jax.numpy as jnp, numpy as np
        >>> from scipy.sparse.linalg import lsqr
        >>> C = ConvOperator(jnp.array([1.0, 2.0]).reshape(2, 1, 1), 4, strides=2)
        >>> print(np.round(lsqr(C.to_scipy(), np.array([5.0, 10.0]))[0], 3))
        [1. 2. 2. 4.]
        """
        return adapters.to_scipy(self)

    def to_lineax(self) -> Any:
        """As `lineax.FunctionLinearOperator` on vectors, for `lineax.linear_solve`, also under `jit` and `grad`.

        Raises:
          ImportError: where lineax is not installed.
        """
        return adapters.to_lineax(self)

    def to_pylops(self) -> Any:
        """As `pylops.LinearOperator`, which also takes images: `dims` and `dimsd` are the shapes of x and y.

        Raises:
          ImportError: where PyLops is not installed.
        """
        return adapters.to_pylops(self, *self._images)

    @property
    def _images(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Image shapes of this operator's input and result."""
        self._check_single()
        x, y = image_shapes(self.kernel.shape, self.spec)
        return (y, x) if self.transposed else (x, y)

    def _is_single(self) -> bool:
        return getattr(self.kernel, "ndim", None) == self.spec.ndim + 2

    def _check_single(self) -> None:
        if not self._is_single():
            raise ValueError(
                f"this ConvOperator holds a batch of kernels, of shape {self.kernel.shape}, as `jax.vmap` "
                f"returns it: use it inside `jax.vmap`, where it is one operator again."
            )


def _operator(kernel: Any, spec: ConvSpec, transposed: bool) -> ConvOperator:
    """An operator without checks of its arguments: JAX may put any object in the kernel's place."""
    made = object.__new__(ConvOperator)
    made.kernel, made.spec, made.transposed = kernel, spec, transposed
    return made


def _unflatten(static: tuple[ConvSpec, bool], children: Any) -> ConvOperator:
    (kernel,) = children
    return _operator(kernel, *static)


jax.tree_util.register_pytree_with_keys(
    ConvOperator,
    lambda c: (((jax.tree_util.GetAttrKey("kernel"), c.kernel),), (c.spec, c.transposed)),
    _unflatten,
    lambda c: ((c.kernel,), (c.spec, c.transposed)),
)


@partial(jit_outside_lax_only, inline=True)
def _product(operator: ConvOperator, rows: Array) -> Array:
    """`operator` times each row of `rows`, (m, columns) -> (m, rows), or times one vector."""
    taken, given = operator._images
    work, result = checks.dtypes(operator.kernel, rows, None)
    images = rows.reshape(math.prod(rows.shape[:-1]), *taken).astype(work)
    multiply = transposed if operator.transposed else forward
    precision = checks.check_precision(None)
    found = multiply(images, operator.kernel.astype(work), operator.spec, precision)
    return found.astype(result).reshape(*rows.shape[:-1], math.prod(given))
