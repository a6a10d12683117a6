"""Padding by mode, and its transpose, folding.

The convolution itself pads with zeros. The other modes pad first. Their transpose adds the values that
landed in the padding back onto the positions that it was copied from.
"""

from collections.abc import Callable
from functools import wraps

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.sharding import transpose_of
from jtconv._geometry.arguments import Pads
from jtconv._geometry.open_sizes import Size, any_open, is_open, not_below, surely
from jtconv._geometry.padding_modes import PADDING_MODES, PaddingMode, into_range
from jtconv._geometry.spec import ConvSpec

Run = Callable[[Array, Array, ConvSpec, Precision], Array]  # of an implementation: (operand, operand, …) -> result


def pad(x: Array, spec: ConvSpec) -> Array:
    """(N, *input_size, ch) -> (N, *padded size, ch), for modes other than zeros."""
    grow = [(not_below(lo, 0), not_below(hi, 0)) for lo, hi in spec.pads]
    mode = PADDING_MODES[spec.padding_mode]
    if not all(_is_simple(mode, i, g) for i, g in zip(spec.input_size, grow, strict=True)):
        padded = _pad_by_position(x, grow, spec)
    elif mode.numpy_name == "edge":
        padded = _pad_edges(x, grow)
    else:
        padded = jnp.pad(x, [(0, 0), *grow, (0, 0)], mode=mode.numpy_name)
    return pad_zeros(padded, [(lo - a, hi - b) for (lo, hi), (a, b) in zip(spec.pads, grow, strict=True)])


def _is_simple(mode: PaddingMode, i: Size, grow: Pads) -> bool:
    """Whether an axis is padded at once: `jnp.pad` would add operations for each period, and has to know the size."""
    if any_open(grow):
        return False
    return max(grow) <= 0 or (surely(lambda: i >= 1) and (not mode.repeats or (not is_open(i) and max(grow) <= i)))


def _pad_edges(x: Array, grow: list[Pads]) -> Array:
    """Repeat the positions at the edges.

    `jnp.pad` adds empty parts, too, at which jax2onnx 0.17.1 stops; and it slices the batch, so that the gradient
    travels where a mesh cuts it.
    """
    for axis, (lo, hi) in enumerate(grow, 1):
        if lo or hi:
            edges = [lax.slice_in_dim(x, at, at + 1, axis=axis) for at in (0, x.shape[axis] - 1)]
            before, after = (
                [jnp.broadcast_to(edge, (*x.shape[:axis], n, *x.shape[axis + 1 :]))] if n else []
                for edge, n in zip(edges, (lo, hi), strict=True)
            )
            x = jnp.concatenate([*before, x, *after], axis)
    return x


def _pad_by_position(x: Array, grow: list[Pads], spec: ConvSpec) -> Array:
    """Pad with a gather, by any number of positions of any size."""
    x = pad_zeros(x, [(0, not_below(i, 1) - i) for i in spec.input_size])  # a gather has to read something
    for axis, (i, (lo, hi)) in enumerate(zip(spec.input_size, grow, strict=True), 1):
        if any_open((lo, hi)) or max(lo, hi) > 0:
            source = into_range(jnp.arange(lo + i + hi) - lo, i, spec.padding_mode)
            x = jnp.take(x, source, axis, mode="clip")
    return x


def padded(x: Array, spec: ConvSpec) -> tuple[Array, ConvSpec]:
    """x padded for modes other than zeros, and the spec of C on the result."""
    return (pad(x, spec), spec.unpadded()) if PADDING_MODES[spec.padding_mode].copies else (x, spec)


def pad_zeros(x: Array, pads: list[Pads]) -> Array:
    """(N, *size, ch) with zeros around its spatial axes; negative amounts crop. No open size is cropped below 0."""
    if not any(p for pair in pads for p in pair):
        return x
    pads = [
        (lo, not_below(n + lo + hi, 0) - n - lo) if is_open(n) else (lo, hi)
        for n, (lo, hi) in zip(x.shape[1:-1], pads, strict=True)
    ]
    settled = not any_open((*x.shape[1:-1], *(p for pair in pads for p in pair)))
    if settled and all(p <= 0 for pair in pads for p in pair):  # a slice, as few exporters know negative padding
        starts, ends = zip(*((-lo, size + hi) for (lo, hi), size in zip(pads, x.shape[1:-1], strict=True)), strict=True)
        return lax.slice(x, (0, *starts, 0), (x.shape[0], *ends, x.shape[-1]))
    if settled and is_open(x.shape[0]) and all(p >= 0 for pair in pads for p in pair):
        return jnp.pad(x, [(0, 0), *pads, (0, 0)])  # for an open batch jax2onnx 0.17.1 stops at lax.pad
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((lo, hi, 0) for lo, hi in pads), (0, 0, 0)])


def fold(padded: Array, spec: ConvSpec) -> Array:
    """(N, *padded size, ch) -> (N, *input_size, ch): the transpose of `pad`."""
    shape = (padded.shape[0], *spec.input_size, padded.shape[-1])
    return transpose_of(lambda x: pad(x, spec), shape, padded.dtype, padded)


def for_any_padding_mode(method: Run) -> Run:
    """Extend `method`, made for zero padding, to every padding mode: C = V P, P pads, V is VALID, so Cᵀ = Pᵀ Vᵀ."""

    @wraps(method)
    def any_mode(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        if not PADDING_MODES[spec.padding_mode].copies:
            return method(y, kernel, spec, precision)
        # Round half precision only once, after folding.
        wide = accumulator(y.dtype)
        padded = method(y.astype(wide), kernel.astype(wide), spec.unpadded(), precision)
        return fold(padded, spec).astype(y.dtype)

    return any_mode
