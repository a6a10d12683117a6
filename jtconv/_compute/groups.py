"""Matrix products per group of channels, and groups of few channels taken together as one.

P counts positions of y (and images), r the taps of a piece:

    columns (P, r, groups * I)   the values that taps read     kernel (r, I, groups * O)     y (P, groups * O)

Results are accumulated, and returned, in float32 for dtypes of less than 32 bits.

Products over a handful of channels run far below a processor's rate. There, groups merged into one with a
block-diagonal kernel are quicker, in spite of the zeros. NaN or infinity in one group then reaches the others.
A TPU multiplies 128 channels by 128 in the time of a few: with 32 groups of 4 channels, 3x3 taps and stride 2, lax
takes 782 thousand cycles for Cᵀ on a v5e, and 30 with all groups merged (the bytes of the arrays, at its bandwidth).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.sharding import transpose_of
from jtconv._compute.depthwise import is_depthwise
from jtconv._compute.implementation import CPU, TPU, Request


def spread_taps(y: Array, kernel: Array, groups: int, precision: Precision) -> Array:
    """(P, groups * O), (r, I, groups * O) -> (P, r, groups * I)."""
    if is_depthwise(kernel.shape, groups):
        return _wide(y)[:, None] * _wide(kernel[:, 0])[None]
    columns = _einsum("pgo,rigo->prgi", _apart(y, groups), _apart(kernel, groups), precision)
    return _together(columns)


def correlate(columns: Array, y: Array, groups: int, precision: Precision) -> Array:
    """(P, r, groups * I), (P, groups * O) -> (r, I, groups * O)."""
    if columns.shape[-1] == y.shape[-1] == groups:
        return jnp.sum(_wide(columns) * _wide(y)[:, None], axis=0)[:, None]
    kernel = _einsum("prgi,pgo->rigo", _apart(columns, groups), _apart(y, groups), precision)
    return _together(kernel)


def _apart(array: Array, groups: int) -> Array:
    """(..., groups * ch) -> (..., groups, ch)."""
    return array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)


def _together(array: Array) -> Array:
    """(..., groups, ch) -> (..., groups * ch)."""
    return array.reshape(*array.shape[:-2], array.shape[-2] * array.shape[-1])


def _wide(a: Array) -> Array:
    return a.astype(accumulator(a.dtype))


def _einsum(rule: str, a: Array, b: Array, precision: Precision) -> Array:
    return jnp.einsum(rule, a, b, precision=precision, preferred_element_type=accumulator(a.dtype))


MIN_CHANNELS = 16  # of a group in a product; smaller groups are merged
MAX_MERGED_CHANNELS = 64  # of groups merged
TPU_CHANNELS = 128  # on each side of its matrix unit
KERNEL_GROUPS = ((2, 2), (4, 4))  # channels of a group, in and out, for which the CPU kernels have register tiles


def groups_together(computes: str, request: Request) -> int:
    """How many groups are taken together as one: only those of one layer, where `jax.vmap` has joined several."""
    spec, group = request.spec, _channels(computes, request)
    tiled = request.kernels_callable and group in KERNEL_GROUPS
    known = request.platform == TPU or (request.platform == CPU and computes == "transposed")
    if not known or tiled or group == (1, 1):
        return 1
    own, widest = spec.groups // spec.layers, max(group)
    enough, most = (TPU_CHANNELS,) * 2 if request.platform == TPU else (MIN_CHANNELS, MAX_MERGED_CHANNELS)
    possible = [n for n in range(1, own + 1) if own % n == 0 and (n == 1 or n * widest <= most)]
    return next((n for n in possible if n * widest >= enough), possible[-1])


def _channels(computes: str, request: Request) -> tuple[int, int]:
    """Channels of one group of x and of y."""
    (first, second), groups = request.shapes, request.spec.groups
    in_ch = first[-1] // groups if computes == "kernel_gradient" else second[-2]
    return in_ch, second[-1] // groups


def merge_groups(kernel: Array, groups: int, together: int) -> Array:
    """(..., I, groups * O) -> (..., together * I, groups * O), for groups // together groups."""
    *k, in_ch, out_ch = kernel.shape
    group_of_row = np.arange(together * in_ch) // in_ch
    group_of_column = np.arange(out_ch) // (out_ch // groups) % together
    own = group_of_row[:, None] == group_of_column
    return jnp.where(own, jnp.tile(kernel, (*(1 for _ in k), together, 1)), jnp.zeros((), kernel.dtype))


def separate_groups(gradient: Array, groups: int, together: int) -> Array:
    """The transpose of `merge_groups`: the gradient of a kernel from that of the merged one."""
    *k, in_ch, out_ch = gradient.shape
    shape = (*k, in_ch // together, out_ch)
    return transpose_of(lambda kernel: merge_groups(kernel, groups, together), shape, gradient.dtype, gradient)
