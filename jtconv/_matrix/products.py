"""Values of the matrix from a kernel, and its products with columns, for the layouts of `layout`.

In blocks, C X is the stored block of each output times the window of X that the output reads, gathered
by slices. Cᵀ Y is the transposed blocks times Y, added at the windows. Each stored value is read once.
An index array would double the bytes read.
"""

import itertools
import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import block_counts, outer_pads, runs
from jtconv._arrays.checks import accumulator
from jtconv._arrays.padding import pad_zeros, padded
from jtconv._arrays.sharding import transpose_of
from jtconv._geometry.open_sizes import is_open
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.layout import Channels, arranged_values, in_planes
from jtconv._matrix.planes import planes_product, planes_transposed_product

MAX_SLICED_TAPS = 32  # taps; a program with a slice for each of more taps takes long to compile
MAX_WINDOW_BYTES = 2**24  # bytes; a much larger array gets fresh pages from the system at every call


@partial(jax.jit, static_argnames="spec")
def stored_values(kernel: Array, spec: ConvSpec) -> Array:
    """The entries for a kernel (*kernel_size, in_ch // groups, out_ch)."""
    return arranged_values(kernel, spec)


@partial(jax.jit, static_argnames=("spec", "channels"))
def product(values: Array, columns: Array, spec: ConvSpec, channels: Channels) -> Array:
    """C @ (columns, m) -> (rows, m), in the accumulator's dtype."""
    if in_planes(spec, channels):
        return planes_product(_planes(values, spec), columns, spec, channels)
    rows = math.prod(values.shape[:3])

    def some(columns: Array) -> Array:
        read = _read(columns, spec, channels, columns_last=True)
        found = _einsum("gpfk,gpkm->gpfm", values, read)
        return found.swapaxes(0, 1).reshape(rows, columns.shape[1])

    return _in_chunks(some, columns, values)


@partial(jax.jit, static_argnames=("spec", "channels"))
def transposed_product(values: Array, rows: Array, spec: ConvSpec, channels: Channels) -> Array:
    """Cᵀ @ (rows, m) -> (columns, m), in the accumulator's dtype."""
    if in_planes(spec, channels):
        return planes_transposed_product(_planes(values, spec), rows, spec, channels)
    inputs = math.prod(spec.input_size) * channels.groups * channels.in_ch

    def some(rows: Array) -> Array:
        m = rows.shape[1]
        # Columns come before channels: XLA's product for the CPU is several times faster in this order.
        groups, outputs, out_ch, _ = values.shape
        swapped = rows.reshape(outputs, groups, out_ch, m).transpose(1, 0, 3, 2)
        parts = _einsum("gpmf,gpfk->gpmk", swapped, values)
        read = partial(_read, spec=spec, channels=channels, columns_last=False)
        return transpose_of(read, (inputs, m), parts.dtype, parts)

    return _in_chunks(some, rows, values)


def _planes(values: Array, spec: ConvSpec) -> Array:
    return values.reshape(values.shape[0], *block_counts(spec), values.shape[-1])


def _einsum(rule: str, a: Array, b: Array) -> Array:
    """`jnp.einsum` that adds up half precision in float32, and returns it so."""
    return jnp.einsum(rule, a, b, precision=lax.Precision.HIGHEST, preferred_element_type=accumulator(a.dtype))


def _in_chunks(f: Callable[[Array], Array], columns: Array, values: Array) -> Array:
    """`f` of (n, m), in chunks of columns whose windows take at most `MAX_WINDOW_BYTES`; at once if m is open."""
    m = columns.shape[1]
    if is_open(m):
        return f(columns)
    groups, outputs, _, reads = values.shape
    fitting = max(1, MAX_WINDOW_BYTES // (outputs * groups * reads * values.dtype.itemsize))
    if m <= fitting:
        return f(columns)
    parts = -(-m // fitting)
    width = -(-m // parts)
    padded = jnp.pad(columns, ((0, 0), (0, parts * width - m)))
    apart = padded.reshape(-1, parts, width).swapaxes(0, 1)
    together = lax.map(f, apart).swapaxes(0, 1)
    return together.reshape(-1, parts * width)[:, :m]


def _read(columns: Array, spec: ConvSpec, channels: Channels, *, columns_last: bool) -> Array:
    """Windows of (columns, m): (groups, outputs, taps * in_ch // groups, m), or with the last two axes swapped.

    The m columns act as additional channels. Slices gather the windows (im2col).
    """
    m, ndim, (groups, in_ch, _) = columns.shape[1], spec.ndim, channels
    image = columns.reshape(*spec.input_size, groups, in_ch, m)
    image = jnp.moveaxis(image, ndim if columns_last else (ndim, ndim + 2), 0 if columns_last else (0, ndim + 1))
    inner = image.shape[ndim + 1 :]
    image, valid = padded(image.reshape(groups, *spec.input_size, in_ch * m), spec)
    image = pad_zeros(image, outer_pads(valid))
    by_tap = (
        set(spec.strides) == {1} and math.prod(spec.kernel_size) <= MAX_SLICED_TAPS and (m == 1 or not columns_last)
    )
    windows = _windows_by_tap(image, valid) if by_tap else _windows_by_axis(image, valid)
    windows = windows.reshape(groups, math.prod(spec.output_size), math.prod(spec.kernel_size), *inner)
    reads = math.prod(spec.kernel_size) * in_ch
    if columns_last:
        return windows.reshape(*windows.shape[:2], reads, m)
    return windows.swapaxes(2, 3).reshape(*windows.shape[:2], m, reads)


def _windows_by_tap(image: Array, spec: ConvSpec) -> Array:
    """(groups, *size, inner) -> (groups, outputs, taps, inner): a slice for every tap. Stride 1."""
    slices, outputs = [], math.prod(spec.output_size)
    for tap in itertools.product(*map(range, spec.kernel_size)):
        start = [d * t for d, t in zip(spec.dilation, tap, strict=True)]
        inside = (slice(a, a + o) for a, o in zip(start, spec.output_size, strict=True))
        slices.append(image[(slice(None), *inside)].reshape(len(image), outputs, image.shape[-1]))
    return jnp.stack(slices, axis=2)


def _windows_by_axis(image: Array, spec: ConvSpec) -> Array:
    """(groups, *size, inner) -> (groups, *out_size, *kernel_size, inner): a slice for every run of taps."""
    ndim = spec.ndim
    for axis in reversed(range(ndim)):
        before, after = image.shape[: axis + 1], image.shape[axis + 2 :]
        blocks = image.reshape(*before, block_counts(spec)[axis], spec.strides[axis], *after)
        pieces = []
        for run in runs(spec, axis):
            rows = lax.slice_in_dim(blocks, run.block, run.block + spec.output_size[axis], axis=axis + 1)
            taps = lax.slice_in_dim(rows, run.phase, run.phase + run.taps, axis=axis + 2)
            pieces.append(jnp.moveaxis(taps, axis + 2, ndim + 1))
        image = jnp.concatenate(pieces, axis=ndim + 1)
    return image
