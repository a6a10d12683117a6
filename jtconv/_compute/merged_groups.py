"""Groups of a few channels each, several taken together as one with a block-diagonal kernel.

Products over a handful of channels run far below a processor's rate, so that some multiplication
by zeros is quicker. (What is not finite in one group then reaches the groups merged with it.)
"""

from dataclasses import replace

import jax.numpy as jnp
from jax import Array

from jtconv._compute.depthwise import is_depthwise
from jtconv._compute.implementation import CPU, Request
from jtconv._geometry.spec import ConvSpec

MIN_CHANNELS = 16  # of a group in a product; smaller groups are merged
MAX_MERGED_CHANNELS = 64  # of groups merged
KERNEL_GROUPS = ((2, 2), (4, 4))  # channels of a group, in and out, for which the CPU kernels have register tiles


def merged(kernel: Array, request: Request) -> tuple[Array, ConvSpec]:
    """The kernel and the spec with as many groups taken together as is quickest for Cᵀ."""
    spec = request.spec
    together = groups_together(request)
    if together == 1:
        return kernel, spec
    return merge_groups(kernel, spec.groups, together), replace(spec, groups=spec.groups // together)


def groups_together(request: Request) -> int:
    """How many groups Cᵀ takes together as one: only those of one layer, where `jax.vmap` has joined several."""
    spec, kernel = request.spec, request.shapes[1]
    group = (kernel[-2], kernel[-1] // spec.groups)
    tiled = request.kernels_callable and group in KERNEL_GROUPS
    if request.platform != CPU or tiled or is_depthwise(kernel, spec.groups):
        return 1
    own, widest = spec.groups // spec.layers, max(group)
    possible = [n for n in range(1, own + 1) if own % n == 0 and (n == 1 or n * widest <= MAX_MERGED_CHANNELS)]
    return next((n for n in possible if n * widest >= MIN_CHANNELS), possible[-1])


def merge_groups(kernel: Array, groups: int, together: int) -> Array:
    """(..., I, groups * O) -> (..., together * I, groups * O), for groups // together groups."""
    *k, in_ch, out_ch = kernel.shape
    apart = kernel.reshape(*k, 1, in_ch, groups // together, together, out_ch // groups)
    own = jnp.eye(together, dtype=bool)[:, None, None, :, None]
    return jnp.where(own, apart, jnp.zeros((), kernel.dtype)).reshape(*k, together * in_ch, out_ch)
