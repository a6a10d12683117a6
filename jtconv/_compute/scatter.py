"""Cᵀ as it is drawn: place the kernel, scaled by each input value, and add where they overlap."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._compute.groups import spread_taps
from jtconv._compute.implementation import Implementation
from jtconv._geometry.spec import ConvSpec, combine


def scatter(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    placed = spread_taps(y, kernel.reshape(-1, *kernel.shape[-2:]), spec.groups, precision)
    n, in_ch = y.shape[0], placed.shape[-1]
    size, targets = _targets(spec)
    places = (*spec.output_size, *spec.kernel_size) if spec.is_open else targets[0].shape
    x = jnp.zeros((n, *size, in_ch), placed.dtype)
    x = x.at[(slice(None), *targets)].add(placed.reshape(n, *places, in_ch), mode="drop")
    return x.reshape(n, *spec.input_size, in_ch).astype(y.dtype)


IMPLEMENTATIONS = (Implementation("scatter", "transposed", scatter, on_open_sizes=True),)


def _targets(spec: ConvSpec) -> tuple[tuple[int, ...], list[Any]]:
    """The size of x to add to, and the position there that (output pixel, tap) lands on, for each of its axes.

    A position is one past the end, to be dropped, for none. x is flat, as one position is added at more quickly;
    but JAX need not know that a product of open sizes is not below 0.
    """
    if spec.is_open:
        return spec.input_size, [_targets_of_axis(spec, axis) for axis in range(spec.ndim)]
    pixels = math.prod(spec.input_size)
    pixel = combine([spec.tap_source(axis) for axis in range(spec.ndim)], spec.input_size)
    return (pixels,), [np.where(pixel < 0, pixels, pixel).ravel()]


def _targets_of_axis(spec: ConvSpec, axis: int) -> Array:
    """The same on one axis, with axes of size 1 for the outputs and the taps of the others."""
    source = spec.tap_source(axis, jnp)
    others = [a for a in range(2 * spec.ndim) if a not in (axis, spec.ndim + axis)]
    return jnp.expand_dims(jnp.where(source < 0, spec.input_size[axis], source), others)
