"""`verify_transpose`: every way of computing Cᵀ, held against the gradient of the convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jtconv._arguments import Padding
from jtconv._conv import conv
from jtconv._conv_transpose import METHODS, conv_transpose
from jtconv._geometry import ConvGeometry
from jtconv._matrix import ConvMatrix, conv_matrix
from jtconv._rounding import RoundingBound, exact

_MOST_COLUMNS = 512  # of the Jacobian; a larger layer has this many of them sampled


@dataclass(frozen=True)
class Check:
    """One comparison: its largest error, absolute, relative to the largest value, and to the bound."""

    name: str
    error: float
    relative: float
    of_bound: float

    @property
    def ok(self) -> bool:
        """Whether every entry is within its own rounding bound; False for NaN."""
        return self.of_bound <= 1.0


@dataclass(frozen=True)
class TransposeReport:
    """What `verify_transpose` found. Prints as a table; `ok` where every check is within its bound."""

    layer: str
    dtype: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether all checks hold."""
        return all(check.ok for check in self.checks)

    @property
    def worst(self) -> Check:
        """The check that comes nearest to its bound, or goes farthest beyond; NaN before all."""
        return max(self.checks, key=lambda check: _nan_first(check.of_bound))

    def __str__(self) -> str:
        head = f"{'check':<44} {'largest error':>13} {'relative':>9} {'of bound':>9}"
        rows = [
            f"{c.name:<44} {c.error:>13.1e} {c.relative:>9.1e} {c.of_bound:>9.1e}  {'ok' if c.ok else 'FAIL'}"
            for c in self.checks
        ]
        verdict = "every check within its rounding bound" if self.ok else "NOT the transpose"
        return "\n".join([f"{self.layer}, {self.dtype}", head, "-" * len(head), *rows, f"=> {verdict}"])


def verify_transpose(
    kernel: ArrayLike,
    input_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    seed: int = 0,
) -> TransposeReport:
    """Check that `conv_transpose` is the transpose of `conv` for one layer, in `kernel`'s dtype.

    - Every method of `METHODS` against `jax.vjp` of `conv`, on random y.
    - The dot-product test: sum(C x * y) = sum(x * Cᵀ y), for random x and y.
    - `conv_matrix` against the Jacobian of `conv`, column by column (512 sampled columns where
      there are more).

    An entry that is a sum of n products is allowed the error 2(n + 1)·eps·sum|products|, the
    worst that two orders of summation can differ by (Higham, "Accuracy and Stability of Numerical
    Algorithms", section 3.1).

    Args:
      kernel: (*kernel_size, in_ch // groups, out_ch), floating or complex.
      input_size: spatial size of the convolution's input, an int or one per axis.
      strides, padding, dilation, groups, padding_mode: as in `conv`.
      seed: of the random x and y.

    Raises:
      TypeError, ValueError: as `conv`.

    >>> import jax.numpy as jnp
    >>> verify_transpose(jnp.ones((4, 2, 3)), 12, strides=2, padding=1).ok
    True
    """
    geometry = ConvGeometry(
        jnp.shape(kernel)[:-2],
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    matrix = conv_matrix(kernel, input_size, **geometry.arguments())
    rng = np.random.default_rng(seed)
    in_shape, out_shape = _shapes(matrix)
    x, y = _normal(rng, in_shape, matrix.dtype), _normal(rng, out_shape, matrix.dtype)
    columns = rng.permutation(matrix.shape[1])[:_MOST_COLUMNS]
    units = np.eye(matrix.shape[1])[columns].astype(matrix.dtype)
    # One program: most of the time here goes into compiling.
    results = jax.jit(partial(_compute, geometry))(matrix, x, y, units)
    return TransposeReport(_describe(matrix), str(matrix.dtype), _checks(matrix, x, y, columns, results))


def _shapes(matrix: ConvMatrix) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of x and y, unbatched."""
    sized, in_ch = matrix.sized, matrix.kernel.shape[-2] * matrix.sized.groups
    return (*sized.input_size, in_ch), (*sized.output_size, matrix.kernel.shape[-1])


def _normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: jnp.dtype) -> np.ndarray:
    values = rng.standard_normal(shape)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


class _Results(NamedTuple):
    """What is computed and compared."""

    cx: Array  # C x
    gradient: Array  # Cᵀ y, by jax.vjp of conv
    by_method: dict[str, Array]  # Cᵀ y
    jacobian: Array  # columns of the Jacobian of conv, as rows
    columns: Array  # the same columns of the matrix, as rows


def _compute(geometry: ConvGeometry, matrix: ConvMatrix, x: Array, y: Array, units: Array) -> _Results:
    """Everything, at full precision also where less is usual."""
    arguments = {**geometry.arguments(), "precision": "highest"}
    c = partial(conv, kernel=matrix.kernel, **arguments)
    cx, pullback = jax.vjp(c, x)
    transpose = partial(conv_transpose, y, matrix.kernel, output_size=matrix.sized.input_size, **arguments)
    return _Results(
        cx=cx,
        gradient=pullback(y)[0],
        by_method={name: transpose(method=name) for name in METHODS if name != "vjp"},
        jacobian=jax.vmap(lambda unit: jax.jvp(c, (x,), (unit.reshape(x.shape),))[1].ravel())(units),
        columns=(matrix @ units.T).T,
    )


def _checks(
    matrix: ConvMatrix, x: np.ndarray, y: np.ndarray, columns: np.ndarray, results: _Results
) -> tuple[Check, ...]:
    bound = RoundingBound(matrix)
    allowed = bound.transposed(exact(y))
    methods = [
        _compare(f"{name} against vjp", results.by_method[name], results.gradient, allowed)
        for name in METHODS  # in this order: jit has sorted the results by name
        if name in results.by_method
    ]
    dot_products = _compare(
        "sum(C x * y) against sum(x * Cᵀ y)",
        _dot(results.cx, y),
        _dot(x, results.by_method["auto"]),
        np.array(bound.dot_products(exact(x), exact(y))),
    )
    jacobian = _compare(
        f"C against the Jacobian ({len(columns)} of {matrix.shape[1]} columns)",
        results.columns,
        results.jacobian,
        bound.entries(columns).T,
    )
    return (*methods, dot_products, jacobian)


def _compare(name: str, got: ArrayLike, expected: ArrayLike, allowed: np.ndarray) -> Check:
    expected_exact = exact(expected).ravel()
    error = np.abs(exact(got).ravel() - expected_exact)
    return Check(
        name,
        error=float(error.max()),
        relative=_ratio(float(error.max()), float(np.abs(expected_exact).max())),
        of_bound=float(max(map(_ratio, error, allowed.ravel()), key=_nan_first)),
    )


def _ratio(error: float, scale: float) -> float:
    """error / scale, where no error is no error even at scale zero."""
    if error == 0.0:
        return 0.0
    return error / scale if scale > 0.0 else float("inf")


def _nan_first(value: float) -> float:
    """A key by which `max` picks NaN, which it would pass over otherwise."""
    return float("inf") if math.isnan(value) else value


def _dot(a: ArrayLike, b: ArrayLike) -> complex:
    """The sum of a * b, added up without rounding."""
    products = (exact(a) * exact(b)).ravel()
    return complex(math.fsum(np.real(products)), math.fsum(np.imag(products)))


def _describe(matrix: ConvMatrix) -> str:
    sized = matrix.sized
    sizes = ["x".join(map(str, v)) or "()" for v in (sized.input_size, sized.output_size, sized.kernel_size)]
    return (
        f"C: {sizes[0]} -> {sizes[1]}, kernel {sizes[2]}, strides {sized.strides}, pads {sized.pads} "
        f"({sized.padding_mode}), dilation {sized.dilation}, groups {sized.groups}; "
        f"matrix {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries"
    )
