"""C and Cᵀ where every group has one channel in and one out: elementwise, with no matrix product.

XLA makes one loop of all that is added up here, which writes each result once. Results are
accumulated in float32 for types of less than 32 bits.
"""

import itertools
from math import prod

import jax.numpy as jnp
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
    # (N, o1, 1, o2, 1, ch) times (t1, 1, t2, ch): taps come next to their output, as phases to their block in x.
    spread = jnp.expand_dims(y, [2 * a + 2 for a in range(ndim)]).astype(wide)
    total = jnp.zeros((), wide)
    for piece in pieces(spec):
        taps = kernel[(*(slice(r.tap, r.tap + r.taps) for r in piece), 0)].astype(wide)
        scaled = spread * jnp.expand_dims(taps, (0, *(2 * a + 1 for a in range(ndim))))
        total += lax.pad(scaled, jnp.zeros((), wide), [(0, 0, 0), *_places(piece, spec), (0, 0, 0)])
    whole = total.reshape(n, *(m * s for m, s in zip(counts, spec.strides, strict=True)), y.shape[-1])
    return pad_zeros(whole, [(-lo, -hi) for lo, hi in outer_pads(spec)]).astype(y.dtype)


def _supports(request: Request) -> bool:
    few = prod(request.spec.kernel_size) <= MAX_PIECES  # each tap is a slice in the program
    return not request.kernels_callable and few and is_depthwise(request.shapes[1], request.spec.groups)


IMPLEMENTATIONS = (
    Implementation("depthwise", "forward", depthwise_conv, (CPU,), _supports, lambda _: 0, on_open_sizes=True),
)


def _places(piece: Piece, spec: ConvSpec) -> list[tuple[int, int, int]]:
    """Padding that puts the taps of a piece, for every output, at their block and phase: a pair for each axis."""
    places = []
    for run, blocks, outputs, stride in zip(piece, block_counts(spec), spec.output_size, spec.strides, strict=True):
        places += [(run.block, blocks - run.block - outputs, 0), (run.phase, stride - run.phase - run.taps, 0)]
    return places
