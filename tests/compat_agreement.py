"""Two functions of the same arrays that must give the same numbers, or both refuse."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from oracles import assert_within_rounding, run_once

Function = Callable[..., Any]


def values_and_gradients(f: Function, arrays: Sequence[Any], seed: int) -> Any:
    """f(*arrays), and what `vjp` makes of a random cotangent; then the same of absolute values."""

    def both(cotangent: Any, *arrays: Any) -> Any:
        value, pull = jax.vjp(f, *arrays)
        return value, *pull(cotangent)

    shape = jax.eval_shape(f, *arrays)
    cotangent = normal(np.random.default_rng(seed), shape.shape, shape.dtype)
    absolute = [jnp.abs(a).astype(a.dtype) for a in (cotangent, *arrays)]
    return run_once(lambda *a: (both(*a[: len(a) // 2]), both(*a[len(a) // 2 :])), cotangent, *arrays, *absolute)


def value_alone(f: Function, arrays: Sequence[Any]) -> Any:
    """f(*arrays), and f of absolute values, each as a tuple."""
    absolute = [jnp.abs(a).astype(a.dtype) for a in arrays]
    return run_once(lambda *a: ((f(*a[: len(arrays)]),), (f(*a[len(arrays) :]),)), *arrays, *absolute)


def assert_agree(ours: Function, theirs: Function, arrays: Sequence[Any], *, gradients: bool, terms: int) -> None:
    """The same dtypes, shapes and, within the rounding of sums of `terms` products, numbers."""
    compute = (lambda f: values_and_gradients(f, arrays, 0)) if gradients else (lambda f: value_alone(f, arrays))
    got, _ = compute(ours)
    expected, magnitudes = compute(theirs)
    for a, b, magnitude in zip(got, expected, magnitudes, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        # Sums of half precision are rounded to it at least once, however they are accumulated.
        assert_within_rounding(a, b, np.abs(np.asarray(magnitude)).astype(np.float64), terms, eps(arrays, a))


def eps(arrays: Sequence[Any], result: Any) -> float:
    """The rounding unit of the least precise dtype met."""
    return max(float(jnp.finfo(a.dtype).eps) for a in (*arrays, result))


def normal(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> jax.Array:
    """Random numbers that nothing is symmetric in."""
    values = rng.standard_normal(shape)
    if jnp.issubdtype(dtype, jnp.complexfloating):
        values = values + 1j * rng.standard_normal(shape)
    return jnp.asarray(values, dtype)


def operations(f: Function, *arrays: Any) -> dict[str, int]:
    """How often each operation of StableHLO stands in `f`, before XLA improves on it."""
    counts: dict[str, int] = {}
    for line in jax.jit(f).lower(*arrays).as_text().splitlines():
        if "stablehlo." in line:
            name = line.split("stablehlo.", 1)[1].split()[0].split("(")[0].rstrip('"')
            counts[name] = counts.get(name, 0) + 1
    return counts
