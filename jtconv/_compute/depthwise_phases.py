"""Cᵀ of a depthwise layer on a TPU: every phase is a sum of scaled y's, and is spread by interior padding.

lax multiplies the channels by all others there. With 96 channels, 4x4 taps and stride 2, this takes 69 thousand cycles
on a v5e, by the bundles issued, where lax takes 134 and half a minute to compile. Each phase is padded to all of x, so
with many phases lax is the quicker, and with phases of different numbers of taps: 24 thousand against 21 with 3x3 taps.
On a v4 it is, too, by a quarter.
"""

import itertools
from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import MAX_PIECES
from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import for_any_padding_mode, pad_zeros
from jtconv._compute.depthwise import is_depthwise
from jtconv._compute.implementation import TPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec

MAX_PHASES = 4


@for_any_padding_mode
def depthwise_by_phases(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    x = jnp.zeros((y.shape[0], *spec.input_size, y.shape[-1]), y.dtype)
    for phase, image in _phase_images(y, kernel, spec).items():
        x += _spread(image.astype(y.dtype), phase, spec)
    return x


def _phase_images(y: Array, kernel: Array, spec: ConvSpec) -> dict[tuple[int, ...], Array]:
    """By phase, the blocks of x there: (N, *blocks, ch)."""
    wide, images, blocks = accumulator(y.dtype), {}, _blocks(spec)
    for tap in itertools.product(*map(range, spec.kernel_size)):
        reads = [divmod(d * t, s) for d, t, s in zip(spec.dilation, tap, spec.strides, strict=True)]
        moved = [
            (block - first, last + 1 - block - o)
            for (block, _), (first, last), o in zip(reads, blocks, spec.output_size, strict=True)
        ]
        term = pad_zeros(y, moved).astype(wide) * kernel[(*tap, 0)].astype(wide)
        phase = tuple(r for _, r in reads)
        images[phase] = images[phase] + term if phase in images else term
    return images


def _spread(image: Array, phase: tuple[int, ...], spec: ConvSpec) -> Array:
    """The blocks' values at `phase` of each block, zeros elsewhere: (N, *input_size, ch)."""
    axes = zip(phase, spec.pads, spec.strides, spec.input_size, image.shape[1:-1], strict=True)
    starts = [(r - lo % s, s, i, (m - 1) * s + 1) for r, (lo, _), s, i, m in axes]
    config = [(start, i - start - reach, s - 1) for start, s, i, reach in starts]
    return lax.pad(image, jnp.zeros((), image.dtype), [(0, 0, 0), *config, (0, 0, 0)])


def _blocks(spec: ConvSpec) -> list[tuple[int, int]]:
    """The first and last block of a stride, counted in the padded input, that holds a part of x."""
    axes = zip(spec.pads, spec.strides, spec.input_size, strict=True)
    return [(lo // s, (lo + i - 1) // s) for (lo, _), s, i in axes]


def _is_quicker(request: Request) -> bool:
    spec = request.spec
    few = 1 < prod(spec.strides) <= MAX_PHASES and prod(spec.kernel_size) <= MAX_PIECES
    even = all(k % s == 0 for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    return few and even and is_depthwise(request.shapes[1], spec.groups)


IMPLEMENTATIONS = (
    Implementation(
        "depthwise_phases", "transposed", depthwise_by_phases, (TPU,), _is_quicker, lambda _: 0, is_method=False
    ),
)
