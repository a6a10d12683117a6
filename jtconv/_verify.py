"""`verify_transpose`: every way of computing Cᵀ, held against the gradient of the convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
from jtconv._rounding import RoundingBound

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
        return max(self.checks, key=lambda c: np.inf if np.isnan(c.of_bound) else c.of_bound)

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
    x, y = _random_pair(matrix, seed)
    bound = RoundingBound(matrix)
    computed = _compute(matrix, geometry, x, y)
    gradient, cx = computed.pop("vjp"), computed.pop("conv")
    allowed = bound.transposed(_exact(y))
    checks = [_compare(f"{name} against vjp", x_t, gradient, allowed) for name, x_t in computed.items()]
    checks.append(_dot_product(x, y, cx, computed["auto"], bound))
    checks.append(_jacobian(matrix, geometry, bound, seed))
    return TransposeReport(_describe(matrix), str(matrix.dtype), tuple(checks))


def _random_pair(matrix: ConvMatrix, seed: int) -> tuple[Array, Array]:
    """x and y, normal, in the shapes that C joins."""
    rng = np.random.default_rng(seed)
    in_ch = matrix.kernel.shape[-2] * matrix.sized.groups
    shapes = (*matrix.sized.input_size, in_ch), (*matrix.sized.output_size, matrix.kernel.shape[-1])
    x, y = (_normal(rng, shape, matrix.dtype) for shape in shapes)
    return x, y


def _normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
    values = rng.standard_normal(shape)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        values = values + 1j * rng.standard_normal(shape)
    return jnp.asarray(values, dtype)


def _compute(matrix: ConvMatrix, geometry: ConvGeometry, x: Array, y: Array) -> dict[str, Array]:
    """C x, and Cᵀ y by every method, in one program; at full precision also where less is usual."""

    def everything(x: Array, y: Array, kernel: Array) -> dict[str, Array]:
        arguments = {**geometry.arguments(), "precision": "highest"}
        cx, pullback = jax.vjp(lambda x: conv(x, kernel, **arguments), x)
        size = matrix.sized.input_size
        by_method = {
            name: conv_transpose(y, kernel, output_size=size, method=name, **arguments)
            for name in METHODS
            if name != "vjp"
        }
        return {"conv": cx, "vjp": pullback(y)[0], **by_method}

    results = jax.jit(everything)(x, y, matrix.kernel)
    return {name: results[name] for name in ("conv", "vjp", *METHODS)}  # jit sorts the names


def _exact(values: ArrayLike) -> np.ndarray:
    """As NumPy, in double precision, which holds every other type's values exactly."""
    array = np.asarray(values)
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


def _compare(name: str, got: ArrayLike, expected: ArrayLike, allowed: np.ndarray) -> Check:
    expected_exact = _exact(expected).ravel()
    error = np.abs(_exact(got).ravel() - expected_exact)
    return Check(
        name,
        error=float(error.max()),
        relative=_ratio(float(error.max()), float(np.abs(expected_exact).max())),
        of_bound=max(map(_ratio, error, allowed.ravel())),
    )


def _ratio(error: float, scale: float) -> float:
    """error / scale, where no error is no error even at scale zero."""
    if error == 0.0:
        return 0.0
    return error / scale if scale > 0.0 else float("inf")


def _dot_product(x: Array, y: Array, cx: Array, x_t: Array, bound: RoundingBound) -> Check:
    left, right = _dot(cx, y), _dot(x, x_t)
    allowed = np.array(bound.dot_products(_exact(x), _exact(y)))
    return _compare("sum(C x * y) against sum(x * Cᵀ y)", left, right, allowed)


def _dot(a: Array, b: Array) -> complex:
    """The sum of a * b, added up without rounding."""
    products = (_exact(a) * _exact(b)).ravel()
    return complex(math.fsum(products.real), math.fsum(products.imag))


def _jacobian(matrix: ConvMatrix, geometry: ConvGeometry, bound: RoundingBound, seed: int) -> Check:
    """C times unit vectors against the tangents of `conv` along them."""
    total = matrix.shape[1]
    columns = np.random.default_rng(seed).permutation(total)[:_MOST_COLUMNS]
    in_ch = matrix.kernel.shape[-2] * matrix.sized.groups
    units = jnp.zeros((len(columns), total), matrix.dtype).at[np.arange(len(columns)), columns].set(1)

    def tangent(kernel: Array, unit: Array) -> Array:
        direction = unit.reshape(*matrix.sized.input_size, in_ch)
        c = partial(conv, kernel=kernel, **geometry.arguments(), precision="highest")
        return jax.jvp(c, (direction,), (direction,))[1].ravel()

    dense = jax.jit(jax.vmap(tangent, in_axes=(None, 0)))(matrix.kernel, units)
    name = f"C against the Jacobian ({len(columns)} of {total} columns)"
    return _compare(name, matrix @ units.T, dense.T, bound.entries(columns))


def _describe(matrix: ConvMatrix) -> str:
    sized = matrix.sized
    sizes = ["x".join(map(str, v)) or "()" for v in (sized.input_size, sized.output_size, sized.kernel_size)]
    return (
        f"C: {sizes[0]} -> {sizes[1]}, kernel {sizes[2]}, strides {sized.strides}, pads {sized.pads} "
        f"({sized.padding_mode}), dilation {sized.dilation}, groups {sized.groups}; "
        f"matrix {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries"
    )
