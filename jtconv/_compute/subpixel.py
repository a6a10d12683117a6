"""Sub-pixel convolution along some axes: their phases become channels, the others are dilated as in lax.

A TPU lays an image's last axis along the 128 lanes of its registers where batch and channels are few. Zeros inserted
along that axis take their full time; XLA passes over those along the others. So the last axis is folded: one
convolution computes its s phases as s times as many channels, and these are interleaved. Thousands of cycles on a
TPU v5e in float32, counted as the bundles that the compiled programs issue, or the bytes of their arrays if longer:

    layer           lax    folded
    FCN-32s     225,159       214    the kernel is larger than y, and lax exchanges the two
    FCN-8s        2,050       168    C 662 and 149, the kernel's gradient 1,386 and 429
    EnCodec 3        53        12
    FSRCNN x4       464        44    every axis folded; C 270 and 40, the kernel's gradient 592 and 111
    3-D U-Net       267        82    every axis but the last folded
    DCGAN 4          43        58    the batch keeps the last axis off the lanes: this layer is left to lax

Where s does not divide k, some phases have a zero for a tap: NaN or infinity in y, or in x for C, then reaches up to s
positions more.
"""

import itertools
from dataclasses import replace
from math import prod

import jax.numpy as jnp
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import for_any_padding_mode, pad_zeros, padded
from jtconv._arrays.sharding import transpose_of
from jtconv._compute.depthwise import is_depthwise
from jtconv._compute.implementation import TPU, Implementation, Request
from jtconv._compute.lax import kernel_gradient_by_lax, lax_conv, lax_transpose
from jtconv._compute.vjp import kernel_is_larger
from jtconv._geometry.spec import ConvSpec

SUBLANES = 8  # rows of a register; a batch as large is laid along them, and the last axis is not along the lanes
MAX_FOLDED = 16  # channels, all axes' phases among them, up to which every axis is folded; else the last one suffices
MAX_STRIDE = 2  # in taps; with a longer one, most phases have no tap at all
MAX_CHANNELS_PER_POSITION = 6  # of y; with more, reordering the kernel takes longer than what it saves
MAX_3D_CHANNELS = 32  # channels of x up to which the first axes of three are folded instead of the last


@for_any_padding_mode
def subpixel(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    axes = transposed_axes(spec, y.shape[0], kernel.shape[-2])
    if not axes:
        return lax_transpose(y, kernel, spec, precision)
    image = lax_transpose(y, _phase_kernel(kernel, spec, axes), of_phases(spec, axes), precision)
    return _from_phases(image, spec, axes)


def conv_of_phases(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    x, spec = padded(x, spec)
    axes = folded_axes(spec, x.shape[0], kernel.shape[-2])
    if not axes:
        return lax_conv(x, kernel, spec, precision)
    return lax_conv(_to_phases(x, spec, axes), _phase_kernel(kernel, spec, axes), of_phases(spec, axes), precision)


def kernel_gradient_of_phases(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    x, spec = padded(x, spec)
    shape = (*spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])
    axes = folded_axes(spec, x.shape[0], shape[-2])
    if not axes:
        return kernel_gradient_by_lax(x, y, spec, precision)
    gradient = kernel_gradient_by_lax(_to_phases(x, spec, axes), y, of_phases(spec, axes), precision)
    return transpose_of(lambda kernel: _phase_kernel(kernel, spec, axes), shape, x.dtype, gradient)


def folded_axes(spec: ConvSpec, batch: int, in_ch: int) -> tuple[int, ...]:
    """The axes to fold, if any can be; `in_ch` counts the channels of one group of x."""
    able = _able(spec)
    first = [a for a in able if a < spec.ndim - 1]
    if batch < SUBLANES and in_ch * prod(spec.strides[a] for a in able) <= MAX_FOLDED:
        return tuple(able)
    if batch < SUBLANES and in_ch <= MAX_3D_CHANNELS and len(first) > 1:
        return tuple(first)
    return tuple(a for a in able if a == spec.ndim - 1)


def transposed_axes(spec: ConvSpec, batch: int, in_ch: int) -> tuple[int, ...]:
    """The axes to fold in Cᵀ: all of them, where XLA would still exchange y and the kernel."""
    axes = folded_axes(spec, batch, in_ch)
    exchanged = spec.groups == 1 and kernel_is_larger(of_phases(spec, axes))
    return tuple(_able(spec)) if exchanged else axes


def _able(spec: ConvSpec) -> list[int]:
    """Axes that can be folded."""
    axes = zip(spec.strides, spec.kernel_size, spec.dilation, strict=True)
    return [a for a, (s, k, d) in enumerate(axes) if 1 < s <= MAX_STRIDE * k and d == 1]


def of_phases(spec: ConvSpec, axes: tuple[int, ...]) -> ConvSpec:
    """The convolution that has the same y, of x in blocks of a stride along `axes`."""
    taps, strides, sizes = list(spec.kernel_size), list(spec.strides), list(spec.input_size)
    pads = list(spec.pads)
    for a in axes:
        s, (lo, _) = spec.strides[a], spec.pads[a]
        first, last = lo // s, (lo + spec.input_size[a] - 1) // s
        taps[a], strides[a], sizes[a] = -(-spec.kernel_size[a] // s), 1, last - first + 1
        pads[a] = first, spec.output_size[a] + taps[a] - 2 - last
    return replace(spec, kernel_size=tuple(taps), strides=tuple(strides), input_size=tuple(sizes), pads=tuple(pads))


def _is_quicker(spec: ConvSpec, batch: int, in_ch: int, min_stride: int, max_ch: int) -> bool:
    """Whether folding is quicker than lax: a rule that fits the bundles of some eighty layers.

    `min_stride` is for large batches; `max_ch`, for small ones, is the most channels of x where lax wastes nothing.
    """
    axes, last = folded_axes(spec, batch, in_ch), spec.ndim - 1
    if last not in axes:
        return bool(axes)
    s = spec.strides[last]
    if batch >= SUBLANES:
        return s >= min_stride and in_ch <= 2 * s**2
    zeros = spec.kernel_size[last] / of_phases(spec, axes).kernel_size[last]  # multiplications of lax by those needed
    return in_ch <= max_ch * zeros**3


def _supports_transposed(request: Request) -> bool:
    (batch, *_), kernel = request.shapes
    spec, in_ch = request.spec, kernel[-2]
    if is_depthwise(kernel, spec.groups):
        return False
    exchanged = spec.groups == 1 and kernel_is_larger(spec) and bool(_able(spec))
    return exchanged or _is_quicker(spec, batch, in_ch, 2, 16)


def _supports_forward(request: Request) -> bool:
    (batch, *_), kernel = request.shapes
    return _has_positions(request, kernel[-1]) and _is_quicker(request.spec, batch, kernel[-2], 4, 24)


def _supports_gradient(request: Request) -> bool:
    (batch, *_, channels), y = request.shapes
    return _has_positions(request, y[-1]) and _is_quicker(request.spec, batch, channels // request.spec.groups, 4, 16)


def _has_positions(request: Request, out_ch: int) -> bool:
    """Whether y has positions enough to repay the kernel's reordering, and one group of channels."""
    spec = request.spec
    return spec.groups == 1 and out_ch <= MAX_CHANNELS_PER_POSITION * request.shapes[0][0] * prod(spec.output_size)


IMPLEMENTATIONS = (
    Implementation("subpixel", "transposed", subpixel, (TPU,), _supports_transposed, lambda _: 1, is_method=False),
    Implementation("subpixel", "forward", conv_of_phases, (TPU,), _supports_forward, lambda _: 1, is_method=False),
    Implementation(
        "subpixel",
        "kernel_gradient",
        kernel_gradient_of_phases,
        (TPU,),
        _supports_gradient,
        lambda _: 1,
        is_method=False,
    ),
)


def _phase_kernel(kernel: Array, spec: ConvSpec, axes: tuple[int, ...]) -> Array:
    """(*k, I, O) -> (*taps, channels, O): the phases of the first axes, then I and those of the last one."""
    ndim, taps, phases = spec.ndim, of_phases(spec, axes).kernel_size, _phases(spec, axes)
    missing = [(0, t * s - k) for t, s, k in zip(taps, phases, spec.kernel_size, strict=True)]
    whole = pad_zeros(kernel[None], [*missing, (0, 0)])[0]
    apart = whole.reshape(*itertools.chain(*zip(taps, phases, strict=True)), *kernel.shape[-2:])
    last = [2 * ndim, 2 * ndim - 1] if _images_apart(kernel.shape[-2]) else [2 * ndim - 1, 2 * ndim]
    ordered = apart.transpose(*range(0, 2 * ndim, 2), *range(1, 2 * ndim - 1, 2), *last, 2 * ndim + 1)
    return ordered.reshape(*taps, -1, kernel.shape[-1])


def _from_phases(image: Array, spec: ConvSpec, axes: tuple[int, ...]) -> Array:
    """(N, *blocks, channels) -> (N, *input_size, groups * I)."""
    x = _interleave(image, spec, axes)
    starts = [spec.pads[a][0] % spec.strides[a] if a in axes else 0 for a in range(spec.ndim)]
    sizes = zip(starts, x.shape[1:-1], spec.input_size, strict=True)
    return pad_zeros(x, [(-start, start + wanted - size) for start, size, wanted in sizes])


def _to_phases(x: Array, spec: ConvSpec, axes: tuple[int, ...]) -> Array:
    """The transpose of `_from_phases`."""
    shape = (x.shape[0], *of_phases(spec, axes).input_size, x.shape[-1] * prod(_phases(spec, axes)))
    return transpose_of(lambda image: _from_phases(image, spec, axes), shape, x.dtype, x)


def _interleave(image: Array, spec: ConvSpec, axes: tuple[int, ...]) -> Array:
    """(N, *blocks, channels) -> (N, *sizes, groups * I): first the last axis, then the others."""
    (n, *blocks, channels), ndim = image.shape, spec.ndim
    *first, s = _phases(spec, axes)
    in_ch = channels // (spec.groups * prod(first) * s)
    positions, groups, phases = range(1, ndim + 1), ndim + 1, range(ndim + 2, 2 * ndim + 1)
    a, b = 2 * ndim + 1, 2 * ndim + 2
    row, all_ch = blocks[-1] * s, spec.groups * in_ch
    if _images_apart(in_ch):
        apart = image.reshape(n, *blocks, spec.groups, *first, in_ch, s)
        x = apart.transpose(*phases, 0, groups, a, *positions, b).reshape(*first, n, all_ch, *blocks[:-1], row)
        x = jnp.moveaxis(x, ndim, -1)
    else:
        apart = image.reshape(n, *blocks, spec.groups, *first, s, in_ch)
        x = apart.transpose(*phases, 0, *positions, a, groups, b).reshape(*first, n, *blocks[:-1], row, all_ch)
    order = [ndim - 1, *itertools.chain(*((ndim + a, a) for a in range(ndim - 1))), 2 * ndim - 1, 2 * ndim]
    sizes = [m * f for m, f in zip(blocks[:-1], first, strict=True)]
    return x.transpose(order).reshape(n, *sizes, row, all_ch)


def _phases(spec: ConvSpec, axes: tuple[int, ...]) -> list[int]:
    """Phases of each axis: its stride, or 1 if it is not folded."""
    return [s if a in axes else 1 for a, s in enumerate(spec.strides)]


def _images_apart(in_ch: int) -> bool:
    """Whether each channel is interleaved as an image of its own: where channels do not fill whole registers."""
    return in_ch % SUBLANES > 0
