"""Arrays, dtypes and the sparse sums they take part in, as the documentation says; NumPy and plain loops."""

import itertools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tests.checks.fuzz.arguments.layers import MODES, Layer, Refused, Sizes, need


class Numbers(NamedTuple):
    """A result, exact where `values` is; the numbers do not matter where it is None."""

    shape: Sizes
    dtype: Any
    values: np.ndarray | None


def array(value: Any) -> np.ndarray:
    """Return the array as JAX holds it, if it is one of floats."""
    need(not endless(value))
    try:
        held = jnp.asarray(value)
        need(jnp.issubdtype(held.dtype, jnp.inexact))
        return np.asarray(held)
    except (TypeError, ValueError, OverflowError, MemoryError, RecursionError, AttributeError):
        raise Refused from None


def endless(value: Any, depth: int = 0) -> bool:
    """Tell whether lists are nested too deeply, such as one in itself: JAX leaves Python no stack after that."""
    return isinstance(value, list | tuple) and (depth > 64 or any(endless(v, depth + 1) for v in value))


def floating(value: Any) -> Any:
    try:
        dtype = jnp.dtype(value)
    except (TypeError, ValueError):
        raise Refused from None
    need(jnp.issubdtype(dtype, jnp.inexact))
    promoted(dtype)
    return jax.dtypes.canonicalize_dtype(dtype)


def promoted(*dtypes: Any) -> Any:
    try:
        return jnp.result_type(*dtypes)
    except (TypeError, ValueError):
        raise Refused from None


def result_dtype(preferred: Any, *arrays: np.ndarray) -> Any:
    with jax.numpy_dtype_promotion("standard"):
        common = promoted(*arrays)
    if preferred is None:
        return common
    dtype = floating(preferred)
    with jax.numpy_dtype_promotion("standard"):
        promoted(common, dtype)
    need(not (jnp.issubdtype(common, jnp.complexfloating) and not jnp.issubdtype(dtype, jnp.complexfloating)))
    return dtype


PRECISIONS = ("default", "high", "highest", "bfloat16", "tensorfloat32", "float32", "fastest")


def check_precision(value: Any) -> None:
    entries = value if isinstance(value, tuple | list) else (value,)
    if value is None:
        return
    need(len(entries) in (1, 2))
    for entry in entries:
        need(isinstance(entry, jax.lax.Precision) or (isinstance(entry, str) and entry in PRECISIONS))


def sources(i: int, pads: tuple[int, int], mode: str) -> list[int]:
    """For each position of the padded line, the input position that it copies; -1 where it is zero."""
    lo, hi = pads
    options = {"constant_values": -1} if mode == "zeros" else {}
    line = np.pad(np.arange(i), (max(lo, 0), max(hi, 0)), mode=MODES[mode], **options)  # pyright: ignore (a str in general)
    return line[max(-lo, 0) : len(line) - max(-hi, 0)].tolist()


def meetings(a: Layer, in_size: Sizes, out_size: Sizes) -> Any:
    """(output position, tap, input position), for all that meet."""
    lines = [sources(i, p, a.mode) for i, p in zip(in_size, a.pads(in_size), strict=True)]
    for o in itertools.product(*map(range, out_size)):
        for t in itertools.product(*map(range, a.kernel)):
            at = tuple(line[s * p + d * q] for line, s, p, d, q in zip(lines, a.strides, o, a.dilation, t, strict=True))
            if min(at, default=0) >= 0:
                yield o, t, at


def block_diagonal(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(*k, in // g, out) -> (*k, in, out), zero between groups."""
    *k, i, o = kernel.shape
    result = np.zeros((*k, i * groups, o), kernel.dtype)
    for g in range(groups):
        out = slice(g * (o // groups), (g + 1) * (o // groups))
        result[..., g * i : (g + 1) * i, out] = kernel[..., out]
    return result


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.complex128 if jnp.issubdtype(x.dtype, jnp.complexfloating) else np.float64)


MOST = 20_000  # products of arrays


def linear(a: Layer, image: np.ndarray, kernel: np.ndarray, in_size: Sizes, transposed: bool, dtype: Any) -> Numbers:
    """C or Cᵀ of an image (*batch, *size, ch)."""
    ndim = len(in_size)
    out_size = a.forward(in_size)
    batch = image.shape[: image.ndim - 1 - ndim]
    size, ch = (in_size, kernel.shape[-2] * a.groups) if transposed else (out_size, kernel.shape[-1])
    shape = (*batch, *size, ch)
    inexact = jnp.finfo(dtype).bits < 16 or not all(np.isfinite(wide(x)).all() for x in (image, kernel))
    if inexact or math.prod(out_size) * math.prod(a.kernel) > MOST or math.prod(size) > MOST:
        return Numbers(shape, dtype, None)
    full, image = block_diagonal(wide(kernel), a.groups), wide(image)
    result = np.zeros(shape, np.result_type(full, image))
    for o, t, at in meetings(a, in_size, out_size):
        if transposed:
            result[(..., *at, slice(None))] += image[(..., *o, slice(None))] @ full[t].T
        else:
            result[(..., *o, slice(None))] += image[(..., *at, slice(None))] @ full[t]
    return Numbers(shape, dtype, result)
