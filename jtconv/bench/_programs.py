"""What is timed: the parts of a layer's work, and what one contender makes of one of them.

forward           x = Cᵀ y
both              x, and the gradients of sum(x * g) by y and by the kernel
kernel_gradient   the gradient by the kernel alone
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jtconv.bench._layers import NetworkLayer

# What each part computes, in order: arrays with a batch, or with the kernel's shape.
PARTS = {"forward": ("image",), "both": ("image", "image", "kernel"), "kernel_gradient": ("kernel",)}


class Arrays(NamedTuple):
    """Of one layer, channels last: y, the kernel, and the gradient g by x."""

    y: np.ndarray
    kernel: np.ndarray
    g: np.ndarray


class Program(NamedTuple):
    """One part by one contender; what compiling took and what XLA reserves, where JAX tells."""

    run: Callable[[], Any]
    results: Callable[[], list[np.ndarray]]  # in this package's layout
    compile_seconds: float | None = None
    temporary_bytes: int | None = None


Build = Callable[[NetworkLayer, Arrays, str], Program | None]  # None: it cannot express the layer


class NotRun(Exception):
    """Why a contender that could compute a layer is not asked to."""


def reason(error: Exception) -> str:
    """Why there is no result, on one line, short enough for a table."""
    text = " ".join(str(error).split())
    short = text if len(text) <= 200 else f"{text[:200]} …"
    return f"not run: {short}" if isinstance(error, NotRun) else f"failed: {type(error).__name__}: {short}"


class Layout(NamedTuple):
    """How a contender's arrays become this package's: channels last, the forward convolution's kernel."""

    image: Callable[[np.ndarray], np.ndarray] = lambda a: a
    kernel: Callable[[np.ndarray], np.ndarray] = lambda a: a

    def undo(self, part: str, outputs: list[np.ndarray]) -> list[np.ndarray]:
        """The outputs of a part, in this package's layout."""
        return [getattr(self, kind)(output) for kind, output in zip(PARTS[part], outputs, strict=True)]


def random_arrays(layer: NetworkLayer, dtype: str, seed: int = 0) -> Arrays:
    """Normal values; the kernel's are scaled so that x is about as large as y."""
    rng = np.random.default_rng(seed)
    shapes = layer.y_shape, layer.kernel_shape, layer.x_shape
    y, kernel, g = (rng.standard_normal(shape, np.float32) for shape in shapes)
    scale = np.float32(1 / math.sqrt(math.prod(layer.kernel_shape[:-2]) * layer.y_ch / layer.groups))
    return Arrays(*(a.astype(jnp.dtype(dtype)) for a in (y, kernel * scale, g)))
