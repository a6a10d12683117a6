"""Groups of few channels taken together as one, with a block-diagonal kernel.

Products over a handful of channels run far below a processor's rate. There, fewer groups are quicker, in spite of the
zeros. NaN or infinity in one group then reaches the others.

A TPU multiplies 128 channels by 128 in the time of a few. With 32 groups of 4 channels, 3x3 taps and stride 2, the
program of lax issues 664 thousand bundles for Cᵀ on a v5e, and that of all groups merged 18.
"""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import Run
from jtconv._arrays.sharding import transpose_of
from jtconv._compute.implementation import CPU, TPU, Request
from jtconv._geometry.spec import ConvSpec

MIN_CHANNELS = 16  # of a group in a product; smaller groups are merged
MAX_MERGED_CHANNELS = 64  # of groups merged
TPU_CHANNELS = 128  # on each side of its matrix unit
MAX_KERNEL_CHANNELS = 8  # of a group, in and out, up to which the CPU kernels are quicker by lines than merged


def groups_together(computes: str, request: Request) -> int:
    """How many groups are taken together as one: only those of one layer, where `jax.vmap` has joined several."""
    spec, group = request.spec, _channels(computes, request)
    by_lines = request.kernels_callable and max(group) <= MAX_KERNEL_CHANNELS
    known = request.platform == TPU or (request.platform == CPU and computes == "transposed")
    if not known or by_lines or group == (1, 1):
        return 1
    own, widest = spec.groups // spec.layers, max(group)
    enough, most = (TPU_CHANNELS,) * 2 if request.platform == TPU else (MIN_CHANNELS, MAX_MERGED_CHANNELS)
    possible = [n for n in range(1, own + 1) if own % n == 0 and (n == 1 or n * widest <= most)]
    return next((n for n in possible if n * widest >= enough), possible[-1])


def with_groups_merged(computes: str, together: int, run: Run) -> Run:
    """The map `computes` by `run` on a layer that has `together` groups in one."""

    def merged(a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
        fewer = replace(spec, groups=spec.groups // together)
        if computes == "kernel_gradient":
            return _separate_groups(run(a, b, fewer, precision), spec.groups, together)
        return run(a, merge_groups(b, spec.groups, together), fewer, precision)

    return merged


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


def _separate_groups(gradient: Array, groups: int, together: int) -> Array:
    """The transpose of `merge_groups`: the gradient of a kernel from that of the merged one."""
    *k, in_ch, out_ch = gradient.shape
    shape = (*k, in_ch // together, out_ch)
    return transpose_of(lambda kernel: merge_groups(kernel, groups, together), shape, gradient.dtype, gradient)
