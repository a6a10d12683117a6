"""Values of the matrix from a kernel, and its products with columns, as `_matrix_layout` stores it.

An output's row of the matrix meets the inputs that the output reads. So C X is the rows that the
outputs read, gathered by slices, times the outputs' stored blocks; and Cᵀ Y is the transposed
blocks times Y, added up where the outputs read. Only the stored values are multiplied by, each
read once; with an index array there would be as many bytes of that to read.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays import accumulator
from jtconv._blocks import block_counts, outer_pads, runs
from jtconv._matrix_layout import Channels, channels_of, values_shape
from jtconv._padding import pad_zeros, padded
from jtconv._sized import SizedGeometry

_MOST_READ = 2**23  # bytes; what is larger by far gets new pages from the system at every call


@partial(jax.jit, static_argnames="sized")
def stored_values(kernel: Array, sized: SizedGeometry) -> Array:
    """(*kernel_size, in_ch // groups, out_ch) -> (outputs, groups, out_ch // groups, taps * in_ch // groups)."""
    channels = channels_of(kernel.shape, sized.groups)
    shape, ndim = values_shape(sized, channels), sized.ndim
    apart = kernel.reshape(*sized.kernel_size, channels.in_ch, channels.groups, channels.out_ch)
    block = apart.transpose(ndim + 1, ndim + 2, *range(ndim + 1))  # (groups, out_ch, *kernel_size, in_ch)
    values = jnp.broadcast_to(block, (*sized.output_size, *block.shape))
    for axis in range(ndim):
        read = sized.tap_source(axis) >= 0
        if not read.all():
            where = [1] * values.ndim
            where[axis], where[ndim + 2 + axis] = read.shape
            values = jnp.where(read.reshape(where), values, jnp.zeros((), values.dtype))
    return values.reshape(shape)


@partial(jax.jit, static_argnames="sized")
def product(values: Array, columns: Array, sized: SizedGeometry) -> Array:
    """C @ (columns, m) -> (rows, m), in the accumulator's dtype."""
    channels = _channels(values, sized)

    def some(columns: Array) -> Array:
        read = _read(columns, sized, channels, columns_last=True)
        return _einsum("pgfk,pgkm->pgfm", values, read).reshape(-1, columns.shape[1])

    return _few_at_a_time(some, columns, values)


@partial(jax.jit, static_argnames="sized")
def transposed_product(values: Array, rows: Array, sized: SizedGeometry) -> Array:
    """Cᵀ @ (rows, m) -> (columns, m), in the accumulator's dtype."""
    channels = _channels(values, sized)
    inputs = math.prod(sized.input_size) * channels.groups * channels.in_ch

    def some(rows: Array) -> Array:
        m = rows.shape[1]
        # The columns before the channels: XLA's product for the CPU is several times as quick so.
        swapped = jnp.swapaxes(rows.reshape(*values.shape[:3], m), 2, 3)
        parts = _einsum("pgmf,pgfk->pgmk", swapped, values)
        read = partial(_read, sized=sized, channels=channels, columns_last=False)
        return jax.linear_transpose(read, jax.ShapeDtypeStruct((inputs, m), parts.dtype))(parts)[0]

    return _few_at_a_time(some, rows, values)


def _channels(values: Array, sized: SizedGeometry) -> Channels:
    _, groups, out_ch, reads = values.shape
    return Channels(groups, reads // math.prod(sized.kernel_size), out_ch)


def _einsum(rule: str, a: Array, b: Array) -> Array:
    """Half precision is added up, and returned, in float32."""
    return jnp.einsum(rule, a, b, precision=lax.Precision.HIGHEST, preferred_element_type=accumulator(a.dtype))


def _few_at_a_time(f: Callable[[Array], Array], columns: Array, values: Array) -> Array:
    """`f` of (n, m), a few of the m columns at a time: what the outputs read of these is a few megabytes."""
    m = columns.shape[1]
    outputs, groups, _, reads = values.shape
    fitting = max(1, _MOST_READ // (outputs * groups * reads * values.dtype.itemsize))
    if m <= fitting:
        return f(columns)
    parts = -(-m // fitting)
    width = -(-m // parts)
    padded = jnp.pad(columns, ((0, 0), (0, parts * width - m)))
    apart = padded.reshape(-1, parts, width).swapaxes(0, 1)
    together = lax.map(f, apart).swapaxes(0, 1)
    return together.reshape(-1, parts * width)[:, :m]


def _read(columns: Array, sized: SizedGeometry, channels: Channels, *, columns_last: bool) -> Array:
    """What the outputs read of (columns, m): (outputs, groups, taps * in_ch // groups, m), or with the last two
    axes swapped. By slices only; the m columns are so many more channels.
    """
    m, ndim, (groups, in_ch, _) = columns.shape[1], sized.ndim, channels
    image = columns.reshape(*sized.input_size, groups, in_ch, m)
    if not columns_last:
        image = image.swapaxes(-1, -2)
    inner = image.shape[ndim:]
    image, valid = padded(image.reshape(1, *sized.input_size, -1), sized)
    image = pad_zeros(image, outer_pads(valid))[0]
    for axis in range(ndim):
        image = _windows(image, 2 * axis, valid, axis)
    image = image.reshape(*image.shape[:-1], *inner)
    outputs, taps, group = range(0, 2 * ndim, 2), range(1, 2 * ndim, 2), 2 * ndim
    second, third = group + 1, group + 2
    before, after = ((), (second, third)) if columns_last else ((second,), (third,))
    image = image.transpose(*outputs, group, *before, *taps, *after)
    shape = math.prod(sized.output_size), groups
    reads = math.prod(sized.kernel_size) * in_ch
    return image.reshape(*shape, reads, m) if columns_last else image.reshape(*shape, m, reads)


def _windows(image: Array, at: int, sized: SizedGeometry, axis: int) -> Array:
    """Axis `at`, of whole blocks of a stride, becomes two: (outputs, taps)."""
    before, after = image.shape[:at], image.shape[at + 1 :]
    blocks = image.reshape(*before, block_counts(sized)[axis], sized.strides[axis], *after)
    pieces = []
    for run in runs(sized, axis):
        rows = lax.slice_in_dim(blocks, run.block, run.block + sized.output_size[axis], axis=at)
        pieces.append(lax.slice_in_dim(rows, run.phase, run.phase + run.taps, axis=at + 1))
    return jnp.concatenate(pieces, axis=at + 1)
