"""The exchange of halos between neighbouring devices, under `jax.shard_map`.

The exchange is a linear map of the block. Its transpose adds a device's contributions to its neighbours'
positions. JAX derives that transpose, and every derivative of both.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.sharding import transpose_of
from jtconv._geometry.axis_plan import AxisPlan

Plans = Sequence[AxisPlan | None]  # of the spatial axes; None where an axis is not split
Name = str | tuple[str, ...]  # the mesh axes that split one axis, the major one first
Names = Sequence[Name | None]


def exchange(block: Array, plans: Plans, names: Names) -> Array:
    """(..., *input blocks, ch) -> (..., *windows, ch) of the padded input.

    The axes are exchanged one after the other. A block sent on the second axis contains the halo of
    the first, so corners need no exchange of their own.
    """
    for axis, (plan, name) in enumerate(zip(plans, names, strict=True)):
        if plan is not None and name is not None:
            at = block.ndim - 1 - len(plans) + axis
            block = _window(_extended(block, plan, at, name), plan, at, name)
    return block


def exchange_transposed(windows: Array, plans: Plans, names: Names, input_blocks: tuple[int, ...]) -> Array:
    """(..., *windows, ch) -> (..., *input blocks, ch): add halos to the blocks that they belong to."""
    batch = windows.shape[: windows.ndim - 1 - len(plans)]
    shape = (*batch, *input_blocks, windows.shape[-1])
    return transpose_of(lambda block: exchange(block, plans, names), shape, windows.dtype, windows)


def _extended(block: Array, plan: AxisPlan, at: int, name: Name) -> Array:
    """The block between its halos; zeros beyond the first and the last block."""
    before, after = (plan.hops(width) for width in plan.widths)
    size = block.shape[at]
    front = [
        _sent(lax.slice_in_dim(block, size - width, size, axis=at), distance, plan, name) for distance, width in before
    ]
    back = [_sent(lax.slice_in_dim(block, 0, width, axis=at), -distance, plan, name) for distance, width in after]
    return jnp.concatenate([*reversed(front), block, *back], at)


def _sent(strip: Array, distance: int, plan: AxisPlan, name: Name) -> Array:
    """The strip of the device `distance` before this one; zeros if there is no such device."""
    n = plan.devices
    if plan.cyclic:
        if distance % n == 0:
            return strip
        return lax.ppermute(strip, name, [(p, (p + distance) % n) for p in range(n)])
    return lax.ppermute(strip, name, [(p, p + distance) for p in range(n) if 0 <= p + distance < n])


def _window(extended: Array, plan: AxisPlan, at: int, name: Name) -> Array:
    """This device's window of the padded input."""
    padded = jnp.pad(extended, [plan.margins if axis == at else (0, 0) for axis in range(extended.ndim)])
    front, back = plan.strips
    first, length = plan.first_start + front.shape[1], plan.window - front.shape[1] - back.shape[1]
    if plan.drift == 0:
        middle = lax.slice_in_dim(padded, first, first + length, axis=at)
    else:
        # Devices without outputs may have no such window. The values that they read are dropped.
        middle = lax.dynamic_slice_in_dim(padded, first + plan.drift * lax.axis_index(name), length, axis=at)
    if not plan.mirrored:
        return middle
    mine = (jnp.asarray(strip)[lax.axis_index(name)] for strip in (front, back))
    copied = [jnp.take(extended, positions, axis=at) for positions in mine]
    return jnp.concatenate([copied[0], middle, copied[1]], at)
