"""Layout of the entries of C: an array whose axes give each entry's row and column, so no index is stored.

Blocks: a dense block for every group of channels and every output, in the order of a compressed row.

    values (groups, prod(out_size), out_ch // groups, taps * in_ch // groups)

Planes, where taps and channels are too few for a block to be worth a matrix product: a plane for each tap
and pair of channels, with the entries of all outputs. An entry is placed at the block of s positions of x
that its output reads, as in a matrix stored by diagonals.

    values (out_ch // groups * in_ch // groups * taps, prod(blocks), groups)

Both layouts store a zero where zero padding cuts an entry off. A plane also stores a zero where no output reads a
block by the plane's tap.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._arrays.blocks import block_counts
from jtconv._geometry.spec import ConvSpec

MAX_PLANES = 64  # planes; each is a term in a program
MAX_PHASES = 256  # phases of x times channels; each is an array in Cᵀ, so compile time grows with them
MAX_BLOCKS = 1.5  # blocks per output; a plane is zero at the other blocks


class Channels(NamedTuple):
    """Channels of a layer: number of groups, and per group the channels of x and of y."""

    groups: int
    in_ch: int
    out_ch: int


class Address(NamedTuple):
    """Strides of the flat array; a value's place is the sum of its offsets.

    `output` has a stride per axis, and `tap` an array of offsets over the taps per axis. The others are strides
    of the group and of the channels in a group.
    """

    output: tuple[int, ...]
    tap: tuple[np.ndarray, ...]
    group: int
    in_ch: int
    out_ch: int


def channels_of(kernel_shape: tuple[int, ...], groups: int) -> Channels:
    """Channels of a kernel (*kernel_size, in_ch // groups, out_ch)."""
    return Channels(groups, kernel_shape[-2], kernel_shape[-1] // groups)


def image_shapes(kernel_shape: tuple[int, ...], spec: ConvSpec) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of x (*in_size, in_ch) and y (*out_size, out_ch); their sizes are the columns and rows of C."""
    return (*spec.input_size, kernel_shape[-2] * spec.groups), (*spec.output_size, kernel_shape[-1])


def in_planes(spec: ConvSpec, channels: Channels) -> bool:
    """Whether the layer is stored in planes rather than in blocks."""
    planes = math.prod(spec.kernel_size) * channels.in_ch * channels.out_ch
    if math.prod(spec.strides) * channels.in_ch > MAX_PHASES:
        return False
    return planes <= MAX_PLANES and math.prod(block_counts(spec)) <= MAX_BLOCKS * math.prod(spec.output_size)


def first_block(spec: ConvSpec, axis: int) -> np.ndarray:
    """Block of x that each tap of output 0 reads; output o reads the o-th block after it."""
    return np.arange(spec.kernel_size[axis]) * spec.dilation[axis] // spec.strides[axis]


def values_shape(spec: ConvSpec, channels: Channels) -> tuple[int, ...]:
    """Shape of the stored array; ValueError if int32 cannot number its entries, the rows or the columns."""
    groups, in_ch, out_ch = channels
    outputs, taps = math.prod(spec.output_size), math.prod(spec.kernel_size)
    columns, rows = map(math.prod, image_shapes((in_ch, groups * out_ch), spec))
    shape: tuple[int, ...] = (groups, outputs, out_ch, taps * in_ch)
    if in_planes(spec, channels):
        shape = (out_ch * in_ch * taps, math.prod(block_counts(spec)), groups)
    entries = math.prod(shape)
    if max(entries, rows, columns) >= 2**31:
        raise ValueError(
            f"the matrix would have {rows:,} rows, {columns:,} columns and {entries:,} entries, and its int32 indices "
            f"can number 2**31 - 1. Use `conv_transpose` with another method, which needs no matrix, or a smaller "
            f"`input_size`."
        )
    return shape


def arranged_values(kernel: Array, spec: ConvSpec) -> Array:
    """The stored entries, for a kernel (*kernel_size, in_ch // groups, out_ch)."""
    channels = channels_of(kernel.shape, spec.groups)
    shape = values_shape(spec, channels)
    values, order = _spread(kernel, spec, jnp.broadcast_to), _order(spec, channels)
    for axis in range(spec.ndim):
        read = _read(spec, channels, axis)
        if not read.all():
            output, tap = order.index(f"output {axis}"), order.index(f"tap {axis}")
            read = np.expand_dims(
                read if output < tap else read.T, [a for a in range(len(order)) if a not in (output, tap)]
            )
            values = jnp.where(read, values, jnp.zeros((), values.dtype))
    return values.reshape(shape)


def kernel_entries(kernel_shape: tuple[int, ...], spec: ConvSpec) -> np.ndarray:
    """Flat position in the kernel of each stored value."""
    numbers = np.arange(math.prod(kernel_shape)).reshape(kernel_shape)
    return _spread(numbers, spec, np.broadcast_to).ravel()


def value_address(spec: ConvSpec, channels: Channels) -> Address:
    """Address of each entry in the flat array of stored values."""
    order, sizes = _order(spec, channels), _sizes(spec, channels)
    lengths = [sizes[name] for name in order]
    step = {name: math.prod(lengths[place + 1 :]) for place, name in enumerate(order)}
    outputs = [step[f"output {axis}"] for axis in range(spec.ndim)]
    taps = [np.arange(k) * step[f"tap {axis}"] for axis, k in enumerate(spec.kernel_size)]
    if in_planes(spec, channels):
        taps = [tap + first_block(spec, axis) * outputs[axis] for axis, tap in enumerate(taps)]
    return Address(tuple(outputs), tuple(taps), step["group"], step["in_ch"], step["out_ch"])


def _read(spec: ConvSpec, channels: Channels, axis: int) -> np.ndarray:
    """Whether there is an entry, on one axis: bool (outputs, taps), or (blocks, taps)."""
    read = spec.tap_source(axis) >= 0
    if not in_planes(spec, channels):
        return read
    blocks = np.zeros((block_counts(spec)[axis], read.shape[1]), bool)
    for tap, first in enumerate(first_block(spec, axis)):
        blocks[first : first + len(read), tap] = read[:, tap]
    return blocks


def _spread(kernel: Any, spec: ConvSpec, broadcast_to: Callable[..., Any]) -> Any:
    """A kernel with its axes in storage order, repeated for all outputs."""
    channels = channels_of(kernel.shape, spec.groups)
    order, sizes = _order(spec, channels), _sizes(spec, channels)
    own = [*(f"tap {axis}" for axis in range(spec.ndim)), "in_ch", "group", "out_ch"]
    apart = kernel.reshape([sizes[name] for name in own])
    moved = apart.transpose([own.index(name) for name in order if name in own])
    single = moved.reshape([sizes[name] if name in own else 1 for name in order])
    return broadcast_to(single, [sizes[name] for name in order])


def _order(spec: ConvSpec, channels: Channels) -> list[str]:
    """Names of the stored array's axes, before some are merged."""
    outputs, taps = ([f"{kind} {axis}" for axis in range(spec.ndim)] for kind in ("output", "tap"))
    if in_planes(spec, channels):
        return ["out_ch", "in_ch", *taps, *outputs, "group"]
    return ["group", *outputs, "out_ch", *taps, "in_ch"]


def _sizes(spec: ConvSpec, channels: Channels) -> dict[str, int]:
    """Size of each named axis."""
    named = {"group": channels.groups, "in_ch": channels.in_ch, "out_ch": channels.out_ch}
    places = block_counts(spec) if in_planes(spec, channels) else spec.output_size
    for axis in range(spec.ndim):
        named |= {f"output {axis}": places[axis], f"tap {axis}": spec.kernel_size[axis]}
    return named
