"""C and Cᵀ where every group has one channel in and one out: elementwise, with no matrix product.

XLA makes one loop of all that is added up here, which writes each result once. Results are
accumulated in float32 for types of less than 32 bits.
"""

import itertools

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays import accumulator
from jtconv._blocks import Piece, block_counts, outer_pads, pieces
from jtconv._padding import pad, pad_zeros
from jtconv._sized import SizedGeometry


def is_depthwise(kernel: Array, groups: int) -> bool:
    """Whether the kernel, (*kernel_size, 1, groups), has a single channel on both sides of each group."""
    return kernel.shape[-2] == 1 and kernel.shape[-1] == groups


def depthwise_conv(x: Array, kernel: Array, sized: SizedGeometry) -> Array:
    """C on (N, *input_size, ch): a strided slice of x for every tap."""
    if sized.padding_mode != "zeros":
        return depthwise_conv(pad(x, sized), kernel, sized.unpadded())
    wide = accumulator(x.dtype)
    padded = pad_zeros(x, outer_pads(sized))
    total = jnp.zeros((), wide)
    for tap in itertools.product(*map(range, sized.kernel_size)):
        start = [d * t for d, t in zip(sized.dilation, tap, strict=True)]
        size = zip(start, sized.strides, sized.output_size, strict=True)
        end = [a + s * (o - 1) + 1 for a, s, o in size]
        read = lax.slice(padded, (0, *start, 0), (len(x), *end, x.shape[-1]), (1, *sized.strides, 1))
        total += read.astype(wide) * kernel[(*tap, 0)].astype(wide)
    return total.astype(x.dtype)


def depthwise_transpose(y: Array, kernel: Array, sized: SizedGeometry) -> Array:
    """Cᵀ on (N, *output_size, ch), zero padding: blocks of s positions, each the sum of a few shifted y's."""
    n, ndim, counts = len(y), sized.ndim, block_counts(sized)
    wide = accumulator(y.dtype)
    total = jnp.zeros((), wide)
    for piece in pieces(sized):
        blocks = [(r.block, m - r.block - o) for r, m, o in zip(piece, counts, sized.output_size, strict=True)]
        shifted = pad_zeros(y, blocks)
        # (N, m1, 1, m2, 1, ch) times (s1, 1, s2, ch): the phases come next to their block, as in x.
        spread = jnp.expand_dims(shifted, [2 * a + 2 for a in range(ndim)])
        total += spread.astype(wide) * _by_phase(kernel, piece, sized).astype(wide)
    whole = total.reshape(n, *(m * s for m, s in zip(counts, sized.strides, strict=True)), y.shape[-1])
    return pad_zeros(whole, [(-lo, -hi) for lo, hi in outer_pads(sized)]).astype(y.dtype)


def _by_phase(kernel: Array, piece: Piece, sized: SizedGeometry) -> Array:
    """The taps of a piece at their phases, zeros at the others: (1, s1, 1, s2, ch)."""
    taps = kernel[tuple(slice(r.tap, r.tap + r.taps) for r in piece)]
    around = [(r.phase, s - r.phase - r.taps, 0) for r, s in zip(piece, sized.strides, strict=True)]
    placed = lax.pad(taps[..., 0, :], jnp.zeros((), kernel.dtype), [*around, (0, 0, 0)])
    return jnp.expand_dims(placed, [2 * a for a in range(sized.ndim)])
