"""C and Cᵀ where every group has one channel in and one out: elementwise, with no matrix product.

XLA makes one loop of all that is added up here, which writes each result once. Results are
accumulated in float32 for types of less than 32 bits.
"""

import itertools
from math import prod

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jtconv._arrays.blocks import MAX_PIECES, Piece, block_counts, outer_pads, pieces
from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import pad_zeros, padded
from jtconv._compute.implementation import CPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec


def is_depthwise(kernel_shape: tuple[int, ...], groups: int) -> bool:
    """Whether it is (*kernel_size, 1, groups): a single channel on both sides of each group."""
    return kernel_shape[-2] == 1 and kernel_shape[-1] == groups


def depthwise_conv(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C on (N, *input_size, ch): a strided slice of x for every tap."""
    x, spec = padded(x, spec)
    wide = accumulator(x.dtype)
    x = pad_zeros(x, outer_pads(spec))
    total = jnp.zeros((), wide)
    for tap in itertools.product(*map(range, spec.kernel_size)):
        start = [d * t for d, t in zip(spec.dilation, tap, strict=True)]
        size = zip(start, spec.strides, spec.output_size, strict=True)
        end = [a + s * (o - 1) + 1 for a, s, o in size]
        read = lax.slice(x, (0, *start, 0), (x.shape[0], *end, x.shape[-1]), (1, *spec.strides, 1))
        scale = kernel[(*tap, 0)].astype(wide)
        total += read.astype(wide) * jnp.expand_dims(scale, range(spec.ndim + 1))
    return total.astype(x.dtype)


def depthwise_transpose(y: Array, kernel: Array, spec: ConvSpec) -> Array:
    """Cᵀ on (N, *output_size, ch), zero padding: blocks of s positions, each the sum of a few shifted y's."""
    n, ndim, counts = y.shape[0], spec.ndim, block_counts(spec)
    wide = accumulator(y.dtype)
    total = jnp.zeros((), wide)
    for piece in pieces(spec):
        blocks = [(r.block, m - r.block - o) for r, m, o in zip(piece, counts, spec.output_size, strict=True)]
        shifted = pad_zeros(y, blocks)
        # (N, m1, 1, m2, 1, ch) times (s1, 1, s2, ch): the phases come next to their block, as in x.
        spread = jnp.expand_dims(shifted, [2 * a + 2 for a in range(ndim)])
        scaled = spread.astype(wide) * _by_phase(kernel, piece, spec).astype(wide)
        # Chosen, not multiplied by zero: what is not finite stays where it belongs.
        total += jnp.where(_has_tap(piece, spec), scaled, jnp.zeros((), wide))
    whole = total.reshape(n, *(m * s for m, s in zip(counts, spec.strides, strict=True)), y.shape[-1])
    return pad_zeros(whole, [(-lo, -hi) for lo, hi in outer_pads(spec)]).astype(y.dtype)


def _supports(request: Request) -> bool:
    few = prod(request.spec.kernel_size) <= MAX_PIECES  # each tap is a slice in the program
    return (
        not request.kernels_callable
        and request.batch_is_known
        and few
        and is_depthwise(request.shapes[1], request.spec.groups)
    )


IMPLEMENTATIONS = (Implementation("depthwise", "forward", depthwise_conv, (CPU,), _supports, lambda _: 0),)


def _by_phase(kernel: Array, piece: Piece, spec: ConvSpec) -> Array:
    """The taps of a piece at their phases, zeros at the others: (1, 1, s1, 1, s2, ch)."""
    taps = kernel[tuple(slice(r.tap, r.tap + r.taps) for r in piece)]
    around = [(r.phase, s - r.phase - r.taps, 0) for r, s in zip(piece, spec.strides, strict=True)]
    placed = lax.pad(taps[..., 0, :], jnp.zeros((), kernel.dtype), [*around, (0, 0, 0)])
    return jnp.expand_dims(placed, _phase_axes(spec))


def _has_tap(piece: Piece, spec: ConvSpec) -> np.ndarray:
    """Mask of the phases at which a piece has taps: (1, 1, s1, 1, s2, 1)."""
    has = np.zeros(spec.strides, bool)
    has[tuple(slice(r.phase, r.phase + r.taps) for r in piece)] = True
    return np.expand_dims(has[..., None], _phase_axes(spec))


def _phase_axes(spec: ConvSpec) -> tuple[int, ...]:
    """Where (s1, s2, ch) needs axes to stand beside (N, m1, 1, m2, 1, ch)."""
    return (0, *(2 * a + 1 for a in range(spec.ndim)))
