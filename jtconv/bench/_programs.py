"""The programs that are timed: one part of a layer's work by one contender.

forward           x = Cᵀ y
both              x, and the gradients of sum(x * g) by y and by the kernel
kernel_gradient   the gradient by the kernel alone
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv.bench._layers import NetworkLayer

# The results of each part, in order: arrays with a batch, or with the kernel's shape.
PARTS = {"forward": ("image",), "both": ("image", "image", "kernel"), "kernel_gradient": ("kernel",)}


class Arrays(NamedTuple):
    """A layer's arrays, channels last: y, the kernel, and the gradient g by x."""

    y: np.ndarray
    kernel: np.ndarray
    g: np.ndarray


class Program(NamedTuple):
    """One part by one contender, with the time to compile and the memory that XLA reserves, where JAX tells."""

    run: Callable[[], Any]
    results: Callable[[], list[np.ndarray]]  # in this package's layout
    compile_seconds: float | None = None
    temporary_bytes: int | None = None


Function = Callable[[Array, Array], Array]  # y and a kernel -> x
Build = Callable[[NetworkLayer, Arrays, str], Program | None]  # None: it cannot express the layer


class NotRun(Exception):
    """A contender that could compute a layer is not asked to; the message says why."""


def reason(error: Exception) -> str:
    """The reason for there being no result, on one line, short enough for a table."""
    text = " ".join(str(error).split())
    short = text if len(text) <= 200 else f"{text[:200]} …"
    return f"not run: {short}" if isinstance(error, NotRun) else f"failed: {type(error).__name__}: {short}"


class Layout(NamedTuple):
    """A contender's layout, as functions to this package's: channels last, the forward convolution's kernel."""

    image: Callable[[np.ndarray], np.ndarray] = lambda a: a
    kernel: Callable[[np.ndarray], np.ndarray] = lambda a: a

    def undo(self, part: str, outputs: list[np.ndarray]) -> list[np.ndarray]:
        """The outputs of a part, in this package's layout."""
        return [getattr(self, kind)(output) for kind, output in zip(PARTS[part], outputs, strict=True)]


def random_arrays(layer: NetworkLayer, dtype: str) -> Arrays:
    """Normal values; the kernel's are scaled so that x is about as large as y."""
    rng = np.random.default_rng(0)
    shapes = layer.y_shape, layer.kernel_shape, layer.x_shape
    y, kernel, g = (rng.standard_normal(shape, np.float32) for shape in shapes)
    scale = np.float32(1 / math.sqrt(math.prod(layer.kernel_shape[:-2]) * layer.y_ch / layer.groups))
    return Arrays(*(a.astype(jnp.dtype(dtype)) for a in (y, kernel * scale, g)))


def compiled(f: Function, arrays: Arrays, part: str, layout: Layout | None = None) -> Program:
    """One part of the work of `f`, compiled for these arrays."""
    given = tuple(map(jnp.asarray, arrays))
    operands = given[:2] if part == "forward" else given
    lowered = jax.jit(_function(f, part)).lower(*operands)
    start = time.perf_counter()
    executable = lowered.compile()
    seconds = time.perf_counter() - start

    def results() -> list[np.ndarray]:
        outputs = [np.asarray(output).astype(np.float64) for output in executable(*operands)]
        return (layout or Layout()).undo(part, outputs)

    memory = executable.memory_analysis()
    return Program(
        run=lambda: jax.block_until_ready(executable(*operands)),
        results=results,
        compile_seconds=seconds,
        temporary_bytes=None if memory is None else memory.temp_size_in_bytes,
    )


def _function(f: Function, part: str) -> Callable[..., tuple[Array, ...]]:
    """The function of y, the kernel and g that a part is."""

    def both(y: Array, kernel: Array, g: Array) -> tuple[Array, ...]:
        x, pullback = jax.vjp(f, y, kernel)
        return (x, *pullback(g))

    def kernel_gradient(y: Array, kernel: Array, g: Array) -> tuple[Array, ...]:
        return jax.vjp(partial(f, y), kernel)[1](g)

    return {"forward": lambda y, kernel: (f(y, kernel),), "both": both, "kernel_gradient": kernel_gradient}[part]
