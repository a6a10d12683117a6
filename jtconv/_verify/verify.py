"""`verify_transpose`: compare every method for Cᵀ with JAX's own gradient of lax's convolution."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jtconv._arrays.checks import accumulator
from jtconv._arrays.layer_arguments import checked_layer
from jtconv._compute.lax import lax_conv
from jtconv._conv import conv
from jtconv._conv_transpose import METHODS, conv_transpose
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.conv_matrix import ConvMatrix, matrix_of
from jtconv._matrix.layout import image_shapes
from jtconv._verify.rounding import RoundingBound, exact

MAX_COLUMNS, MAX_ENTRIES = 512, 2**22  # columns and entries of the Jacobian; beyond them, columns are sampled


@dataclass(frozen=True)
class Check:
    """One comparison: its largest error, absolute, relative to the largest value, and relative to the bound."""

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
    """Result of `verify_transpose`. Prints as a table; `ok` if every check is within its bound."""

    layer: str
    dtype: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether all checks hold."""
        return all(check.ok for check in self.checks)

    @property
    def worst(self) -> Check:
        """The check with the largest error relative to its bound; NaN counts as the largest."""
        return max(self.checks, key=lambda check: _nan_first(check.of_bound))

    def __str__(self) -> str:
        head = f"{'check':<44} {'largest error':>13} {'relative':>9} {'of bound':>9}"
        rows = [
            f"{c.name:<44} {c.error:>13.1e} {c.relative:>9.1e} {c.of_bound:>9.1e}  {'ok' if c.ok else 'FAIL'}"
            for c in self.checks
        ]
        verdict = "every check within its rounding bound" if self.ok else "NOT the transpose"
        return "\n".join([f"{self.layer}, {self.dtype}", head, "-" * len(head), *rows, f"=> {verdict}"])


@naming_keywords
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

    - Every method of `METHODS` against `jax.vjp` of lax's convolution, on two random y.
    - The gradient of `conv` with respect to its kernel, against the same oracle.
    - The dot-product test: sum(C x * y) = sum(x * Cᵀ y), for random x and y.
    - `conv_matrix` against the Jacobian of lax's convolution, column by column (a sample of the
      columns where there are many).

    Each check runs for `kernel` and for a random kernel of its shape, because a symmetric kernel
    would hide a flip. The report has the error that is larger relative to its bound. The gradients
    of `conv_transpose` are C and the same kernel gradient.

    An entry that is a sum of n products may have the error 2(n + 1)·eps·sum|products|, the
    largest difference between two orders of summation (Higham, "Accuracy and Stability of Numerical
    Algorithms", section 3.1). Half precision uses float32's eps, and one rounding at the end.

    Args:
      kernel: (*kernel_size, in_ch // groups, out_ch), floating or complex.
      input_size: spatial size of the convolution's input, an int or one per axis.
      strides, padding, dilation, groups, padding_mode: as in `conv`.
      seed: seed of the random kernel, x and y; an int of at least 0.

    Raises:
      TypeError, ValueError: as `conv`.

    >>> import jax.numpy as jnp
    >>> verify_transpose(jnp.ones((4, 2, 3)), 12, strides=2, padding=1).ok
    True
    """
    kernel, geometry = checked_layer(
        kernel, strides=strides, padding=padding, dilation=dilation, groups=groups, padding_mode=padding_mode
    )
    arg.check_known("input_size", input_size, "the report compares numbers")
    matrix = matrix_of(kernel, geometry.at(input_size))
    rng = np.random.default_rng(arg.at_least("seed", arg.integer("seed", seed), 0))
    in_shape, out_shape = image_shapes(matrix.kernel_shape, matrix.spec)
    x, y = _normal(rng, (2, *in_shape), matrix.dtype), _normal(rng, (2, *out_shape), matrix.dtype)
    columns = rng.permutation(matrix.shape[1])[: _columns(matrix.shape[1])]
    program = jax.jit(partial(_compute, geometry, matrix.spec))  # one program, because compiling dominates the time
    kernels = kernel, jnp.asarray(_normal(rng, kernel.shape, matrix.dtype))
    with np.errstate(invalid="ignore", over="ignore"):  # NaN or infinity fails its check, which reports it
        found = [_checks(k, matrix.with_kernel(k), program, x, y, columns) for k in kernels]
    checks = tuple(max(pair, key=lambda check: _nan_first(check.of_bound)) for pair in zip(*found, strict=True))
    return TransposeReport(_describe(matrix), str(matrix.dtype), checks)


def _columns(total: int) -> int:
    """Number of columns of the Jacobian to compare: at most 512, and 4 million entries of unit vectors."""
    return max(1, min(MAX_COLUMNS, MAX_ENTRIES // total))


def _normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: jnp.dtype) -> np.ndarray:
    values = rng.standard_normal(shape)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


class _Results(NamedTuple):
    """Arrays to compare. "JAX's" are derivatives of lax's convolution, which this package does not define."""

    cx: Array  # C x
    gradient: Array  # Cᵀ y, JAX's
    by_method: dict[str, Array]  # Cᵀ y
    kernel_gradient: Array  # of conv
    kernel_reference: Array  # JAX's
    jacobian: Array  # columns of the Jacobian, JAX's, as rows
    columns: Array  # the same columns of the matrix, as rows


def _compute(geometry: ConvGeometry, spec: ConvSpec, kernel: Array, x: Array, y: Array, units: Array) -> _Results:
    """Compute all arrays at the highest precision; the reference in float32 at least."""
    size, arguments = spec.input_size, {**geometry.arguments(), "precision": "highest"}
    wide = accumulator(kernel.dtype)
    reference = partial(lax_conv, spec=spec, precision=lax.Precision.HIGHEST)
    wide_kernel = kernel.astype(wide)
    _, pullback = jax.vjp(reference, x.astype(wide), wide_kernel)
    gradient, kernel_reference = pullback(y.astype(wide))
    transpose = partial(conv_transpose, y, kernel, **arguments)
    methods = [name for name in METHODS if name not in ("auto", "vjp")]
    cx, kernel_pullback = jax.vjp(lambda kernel: conv(x, kernel, **arguments), kernel)
    one = x[:1].astype(wide)

    def column(unit: Array) -> Array:
        return jax.jvp(lambda x: reference(x, wide_kernel), (one,), (unit.reshape(one.shape).astype(wide),))[1].ravel()

    return _Results(
        cx=cx,
        gradient=gradient,
        by_method={
            "auto": transpose(output_padding=geometry.output_padding_for(size)),
            **{name: transpose(output_size=size, method=name) for name in methods},
        },
        kernel_gradient=kernel_pullback(y)[0],
        kernel_reference=kernel_reference,
        jacobian=jax.vmap(column)(units),
        columns=(matrix_of(kernel, spec) @ units.T).T,
    )


def _checks(
    kernel: Array,
    matrix: ConvMatrix,
    program: Callable[..., _Results],
    x: np.ndarray,
    y: np.ndarray,
    columns: np.ndarray,
) -> list[Check]:
    units = np.zeros((len(columns), matrix.shape[1]), matrix.dtype)
    units[np.arange(len(columns)), columns] = 1
    results, bound = program(kernel, x, y, units), RoundingBound(matrix)
    xs, ys, cx, gradient = (_rows(a) for a in (x, y, results.cx, results.gradient))
    allowed = bound.transposed(ys, gradient)
    methods = [
        _compare(f"{name} against vjp", _rows(results.by_method[name]), gradient, allowed)
        for name in METHODS  # in this order: jit has sorted the results by name
        if name in results.by_method
    ]
    kernel_reference = exact(results.kernel_reference)
    of_kernel = _compare(
        "kernel gradient against vjp",
        results.kernel_gradient,
        kernel_reference,
        bound.kernel_gradient(xs, ys, kernel_reference),
    )
    x_t = _rows(results.by_method["auto"])
    dot_products = _compare(
        "sum(C x * y) against sum(x * Cᵀ y)", _dot(cx, ys), _dot(xs, x_t), np.array(bound.dot_products(xs, ys, cx, x_t))
    )
    jacobian = _rows(results.jacobian)
    of_matrix = _compare(
        f"C against the Jacobian ({len(columns)} of {matrix.shape[1]} columns)",
        _rows(results.columns),
        jacobian,
        bound.entries(columns, jacobian.T).T,
    )
    return [*methods, of_kernel, dot_products, of_matrix]


def _rows(batch: ArrayLike) -> np.ndarray:
    """(N, ...) as N vectors in double precision."""
    values = exact(batch)
    return values.reshape(len(values), -1)


def _compare(name: str, got: ArrayLike, expected: np.ndarray, allowed: np.ndarray) -> Check:
    error = np.abs(exact(got) - expected)
    largest = float(np.max(np.abs(expected)))
    # A zero error passes, also where the bound is zero.
    ratio = np.divide(error, allowed, out=np.where(error == 0, 0.0, np.inf), where=(error != 0) & (allowed > 0))
    ratio = np.where(np.isnan(error) | np.isnan(allowed), np.nan, ratio)
    return Check(
        name,
        error=float(np.max(error)),
        relative=float(np.max(error)) / largest if largest else float(np.max(error)),
        of_bound=float(np.max(ratio)),
    )


def _nan_first(value: float) -> float:
    """Sort key that makes `max` return NaN, which it would otherwise ignore."""
    return float("inf") if math.isnan(value) else value


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum of a * b, added up without rounding; NaN if a product is NaN or infinity."""
    products = (a * b).ravel()
    if not np.isfinite(products).all():
        return np.array(np.nan)
    return np.array(complex(math.fsum(np.real(products)), math.fsum(np.imag(products))))


def _describe(matrix: ConvMatrix) -> str:
    return f"{matrix.spec}; matrix {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries"
