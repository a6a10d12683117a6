"""Cᵀ by phases: the outputs r, r + s, r + 2s, … see only every s-th tap, whichever r.

So each phase is a stride-1 convolution of y with its own small kernel, no zero is multiplied, and
the phases are interleaved (depth to space). Phases of as many taps share one convolution, as
further output channels of it; where s divides k, that is a single one. Kernel segregation in
arXiv:2209.03704 and arXiv:2502.20493 is the same idea.
"""

import itertools
from collections.abc import Callable
from functools import lru_cache
from math import gcd, prod
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import for_any_padding_mode, pad_zeros
from jtconv._compute.implementation import CPU, GPUS, Implementation, Request
from jtconv._compute.lax import channels_last, flip_and_swap
from jtconv._geometry.open_sizes import is_open
from jtconv._geometry.sizes import effective_kernel_size, split_pads
from jtconv._geometry.spec import ConvSpec

MAX_GROWTH = 1.1  # of one axis, of positions that phases compute to share a convolution


class _Window(NamedTuple):
    """How phases of one axis see y: number of taps each, padding of y before, spacing of the taps."""

    taps: int
    lo: int
    dilation: int


class _Phases(NamedTuple):
    """Phases of one axis that share a window, and the taps of each: (phases, count)."""

    window: _Window
    residues: list[int]
    taps: np.ndarray


@for_any_padding_mode
def polyphase(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    axes = [_axis_phases(spec, axis) for axis in range(spec.ndim)]
    image = _assemble(axes, lambda chosen: _phase_image(y, kernel, spec, chosen, precision))
    for axis, groups in enumerate(axes):
        order = np.argsort([r for group in groups for r in group.residues])
        if not np.array_equal(order, np.arange(len(order))):
            image = jnp.take(image, order, axis=1 + axis)
    return _interleave(image, spec)


def _cost(request: Request) -> float:
    if request.platform != CPU:
        return growth(request.spec)
    # The kernel and x are reordered. A tenth is taken off, as measured.
    (n, *_), kernel = request.shapes
    x = n * prod(request.spec.input_size) * kernel[-2] * request.spec.groups
    return 0.9 * (prod(kernel) + x)


def growth(spec: ConvSpec) -> float:
    """Multiplications over those needed: phases of as many taps compute as many positions, at the borders too."""
    return prod(_positions(spec, axis) / o for axis, o in enumerate(spec.output_size))


IMPLEMENTATIONS = (
    Implementation(
        "polyphase",
        "transposed",
        polyphase,
        (CPU, *GPUS),
        lambda request: not request.kernels_callable,
        _cost,
        on_open_sizes=True,
    ),
)


def _axis_phases(spec: ConvSpec, axis: int) -> list[_Phases]:
    origin = _origin(spec, axis)
    residues: dict[_Window, list[int]] = {}
    taps: dict[_Window, list[np.ndarray]] = {}
    reached = _reached(spec, axis, origin)
    for r in reached:
        window, reads = _phase(spec, axis, r, origin)
        residues.setdefault(window, []).append(r)
        taps.setdefault(window, []).append(reads)
    phases = [_Phases(window, found, np.stack(taps[window])) for window, found in residues.items()]
    empty = np.setdiff1d(np.arange(spec.strides[axis]), reached).tolist()  # the stride is beyond the kernel's reach
    return [*phases, _Phases(_Window(0, 0, 1), empty, np.zeros((len(empty), 0), int))] if empty else phases


def _reached(spec: ConvSpec, axis: int, origin: int) -> list[int]:
    """The phases that have taps."""
    return sorted({(spec.dilation[axis] * t - origin) % spec.strides[axis] for t in range(_distinct_taps(spec, axis))})


def _distinct_taps(spec: ConvSpec, axis: int) -> int:
    """The number of taps before two land in the same phase."""
    s = spec.strides[axis]
    return min(spec.kernel_size[axis], s // gcd(s, spec.dilation[axis]))


def _phase(spec: ConvSpec, axis: int, r: int, origin: int) -> tuple[_Window, np.ndarray]:
    """Position p = origin + s·m + r of the padded input is reached by tap t from o = (p - d·t) / s, if whole.

    For phases that are reached.
    """
    s, d, k = spec.strides[axis], spec.dilation[axis], spec.kernel_size[axis]
    common = gcd(s, d)
    step, spacing = s // common, d // common
    begin = origin + r
    first = begin // common * pow(spacing, -1, step) % step  # d·t = begin modulo s
    taps = np.arange(first, k, step)
    lo = (d * first - begin) // s + (len(taps) - 1) * spacing
    return _Window(len(taps), lo, 1 if len(taps) == 1 else spacing), taps


@lru_cache(maxsize=1024)  # it looks at all phases
def _origin(spec: ConvSpec, axis: int) -> int:
    """Where the phases begin in the padded input.

    From the input's first position on, no phase computes more than its positions. From a multiple of s on, phases of
    as many taps have the same window, so that they share a convolution; what is beyond the input is cut off later.
    """
    (lo, _), s = spec.pads[axis], spec.strides[axis]
    whole = lo // s * s
    shared, own = (
        len({_phase(spec, axis, r, origin)[0] for r in _reached(spec, axis, origin)}) for origin in (whole, lo)
    )
    more, least = _blocks(spec, axis, whole), _blocks(spec, axis, lo)
    is_long = is_open(least) or more <= MAX_GROWTH * least  # an open axis is taken to be long
    return whole if shared < own and is_long else lo


def _blocks(spec: ConvSpec, axis: int, origin: int) -> int:
    """Positions of one phase: blocks of s that the input has a part in."""
    return (spec.pads[axis][0] + spec.input_size[axis] - 1 - origin) // spec.strides[axis] + 1


def _positions(spec: ConvSpec, axis: int) -> int:
    return _blocks(spec, axis, _origin(spec, axis))


def _assemble(
    axes: list[list[_Phases]],
    image_of: Callable[[tuple[_Phases, ...]], Array],
    chosen: tuple[_Phases, ...] = (),
) -> Array:
    """All phases side by side: (N, *strides, *positions, ch), residues in the order of `axes`."""
    axis = len(chosen)
    if axis == len(axes):
        return image_of(chosen)
    parts = [_assemble(axes, image_of, (*chosen, group)) for group in axes[axis]]
    return jnp.concatenate(parts, axis=1 + axis)


def _phase_image(y: Array, kernel: Array, spec: ConvSpec, chosen: tuple[_Phases, ...], precision: Precision) -> Array:
    """(N, *phases, *positions, ch) of the phases chosen, by one stride-1 convolution."""
    n, ndim, in_per_group = y.shape[0], spec.ndim, kernel.shape[-2]
    phases = [len(group.residues) for group in chosen]
    positions = [_positions(spec, axis) for axis in range(ndim)]
    windows = [group.window for group in chosen]
    if prod(w.taps for w in windows) == 0:
        return jnp.zeros((n, *phases, *positions, in_per_group * spec.groups), y.dtype)
    reaches = [effective_kernel_size(w.taps, w.dilation) for w in windows]
    sizes = zip(spec.output_size, positions, reaches, windows, strict=True)
    splits = [split_pads(o, m, reach, 1, w.lo) for o, m, reach, w in sizes]
    outer, inner = [outer for outer, _ in splits], [inner for _, inner in splits]
    if any(w.dilation > 1 for w in windows):  # else XLA may write the window out, with its zeros: see padding_first.py
        outer = [(a + c, b + d) for (a, b), (c, d) in zip(outer, inner, strict=True)]
        y, outer, inner = lax.optimization_barrier(pad_zeros(y, outer)), [(0, 0)] * ndim, [(0, 0)] * ndim
    image = lax.conv_general_dilated(
        pad_zeros(y, outer),
        flip_and_swap(_phase_kernels(kernel, chosen), spec.groups),
        window_strides=(1,) * ndim,
        padding=inner,
        rhs_dilation=[w.dilation for w in windows],
        dimension_numbers=channels_last(ndim),
        feature_group_count=spec.groups,
        precision=precision,
    )
    split = image.reshape(n, *positions, spec.groups, *phases, in_per_group)
    after = range(ndim + 2, 2 * ndim + 2)
    moved = split.transpose(0, *after, *range(1, ndim + 1), ndim + 1, 2 * ndim + 2)
    return moved.reshape(n, *phases, *positions, spec.groups * in_per_group)


def _phase_kernels(kernel: Array, chosen: tuple[_Phases, ...]) -> Array:
    """(*k, in_ch // groups, out_ch) -> (*counts, phases * in_ch // groups, out_ch)."""
    ndim = len(chosen)
    for axis, group in enumerate(chosen):  # axis 2a becomes (phases, count)
        start = 2 * axis
        picked = jnp.take(kernel, group.taps.reshape(-1), axis=start)
        kernel = picked.reshape(*kernel.shape[:start], *group.taps.shape, *kernel.shape[start + 1 :])
    phases_first = [2 * a for a in range(ndim)]
    counts = [2 * a + 1 for a in range(ndim)]
    ordered = kernel.transpose(*counts, *phases_first, 2 * ndim, 2 * ndim + 1)
    return ordered.reshape(*ordered.shape[:ndim], -1, ordered.shape[-1])


def _interleave(phases: Array, spec: ConvSpec) -> Array:
    """(N, *strides, *positions, ch) -> (N, *input_size, ch)."""
    ndim = spec.ndim
    pairs = [(1 + ndim + a, 1 + a) for a in range(ndim)]
    moved = phases.transpose(0, *itertools.chain.from_iterable(pairs), 2 * ndim + 1)
    sizes = [_positions(spec, a) * s for a, s in enumerate(spec.strides)]
    full = moved.reshape(phases.shape[0], *sizes, phases.shape[-1])
    starts = [lo - _origin(spec, a) for a, (lo, _) in enumerate(spec.pads)]
    inside = [slice(a, a + i) for a, i in zip(starts, spec.input_size, strict=True)]
    return full[(slice(None), *inside)]
