"""Cᵀ as it is drawn: place the kernel, scaled by each input value, and add where they overlap."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._compute.groups import spread_taps
from jtconv._compute.implementation import Implementation
from jtconv._geometry.spec import ConvSpec


def scatter(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    placed = spread_taps(y, kernel.reshape(-1, *kernel.shape[-2:]), spec.groups, precision)
    in_ch = placed.shape[-1]
    apart = placed.reshape(*y.shape[:-1], *spec.kernel_size, in_ch)
    x = jnp.zeros((y.shape[0], *spec.input_size, in_ch), placed.dtype)
    return x.at[(slice(None), *_targets(spec))].add(apart, mode="drop").astype(y.dtype)


IMPLEMENTATIONS = (Implementation("scatter", "transposed", scatter, on_open_sizes=True),)


def _targets(spec: ConvSpec) -> list[Any]:
    """Input position that (output position, tap) lands on, per axis; one past the end, to be dropped, for none.

    Each array has an axis for the outputs and the taps of every axis, of size 1 for the other axes.
    """
    targets, xp = [], jnp if spec.is_open else np
    for axis, i in enumerate(spec.input_size):
        source = spec.tap_source(axis, xp)
        others = [a for a in range(2 * spec.ndim) if a not in (axis, spec.ndim + axis)]
        targets.append(xp.expand_dims(xp.where(source < 0, i, source), others))
    return targets
