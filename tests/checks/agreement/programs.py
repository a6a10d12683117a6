"""Functions of JAX arrays as the harness runs them: compiled quickly, with their gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from tests.oracles import QUICK

Numbers = tuple[np.ndarray, ...]  # the result, and the gradient of each array if asked for
Program = Callable[[Sequence[np.ndarray], np.ndarray | None], Numbers]


def program_of(f: Callable[..., Any]) -> Program:
    """`f` of arrays as a program, compiled once for all calls."""

    def both(arrays: Sequence[Any], cotangent: Any) -> tuple[Any, ...]:
        if cotangent is None:
            return (f(*arrays),)
        x, pull = jax.vjp(f, *arrays)
        return (x, *pull(cotangent))

    compiled = None

    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        nonlocal compiled
        if compiled is None:
            compiled = jax.jit(both).lower(arrays, cotangent).compile(compiler_options=QUICK)
        return tuple(np.asarray(a) for a in compiled(arrays, cotangent))

    return run
