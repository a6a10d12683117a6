"""Cᵀ as it is drawn: place the kernel, scaled by each input value, and add where they overlap."""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._compute.groups import spread_taps
from jtconv._compute.implementation import Implementation
from jtconv._geometry.spec import ConvSpec, combine


def scatter(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    n, pixels = y.shape[0], math.prod(spec.input_size)
    flat = y.reshape(n * math.prod(spec.output_size), y.shape[-1])
    placed = spread_taps(flat, kernel.reshape(-1, *kernel.shape[-2:]), spec.groups, precision)
    in_ch = placed.shape[-1]
    targets = _targets(spec).reshape(-1)
    x = jnp.zeros((n, pixels, in_ch), placed.dtype)
    x = x.at[:, targets].add(placed.reshape(n, len(targets), in_ch), mode="drop")
    return x.reshape(n, *spec.input_size, in_ch).astype(y.dtype)


IMPLEMENTATIONS = (Implementation("scatter", "transposed", scatter),)


def _targets(spec: ConvSpec) -> np.ndarray:
    """Flat input pixel that (output pixel, tap) lands on; one past the end, to be dropped, for none."""
    pixel = combine([spec.tap_source(axis) for axis in range(spec.ndim)], spec.input_size)
    return np.where(pixel < 0, math.prod(spec.input_size), pixel)
