"""C and its transposes as plain matrix products: images cut into blocks of a stride.

Output o of C reads positions s*o + d*t of the padded input. In terms of blocks of s positions, it
reads block o + (d*t) // s at phase (d*t) % s. So a tap reads one phase of consecutive blocks.
Without dilation, s consecutive taps read whole blocks. Such a run of taps is a piece.
For every piece, C is one matrix product with a slice of the blocks; so is each of its transposes.
"""

import itertools
import math
from typing import NamedTuple

from jax import Array

from jtconv._arrays.padding import pad_zeros
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec

MAX_PIECES = 64  # pieces of a kernel in one program


class Run(NamedTuple):
    """Consecutive taps of one axis: the first tap, their number, and the block and phase that output 0 reads."""

    tap: int
    taps: int
    block: int
    phase: int


Piece = tuple[Run, ...]  # a run on every axis


def runs(spec: ConvSpec, axis: int) -> list[Run]:
    """The runs of one axis, in the order of the taps; every tap is in exactly one run."""
    k, s, d = spec.kernel_size[axis], spec.strides[axis], spec.dilation[axis]
    longest = s if d == 1 else 1
    return [Run(t, min(longest, k - t), *divmod(d * t, s)) for t in range(0, k, longest)]


def pieces(spec: ConvSpec) -> list[Piece]:
    """All combinations of the axes' runs, in C order."""
    return list(itertools.product(*[runs(spec, axis) for axis in range(spec.ndim)]))


def has_few_pieces(spec: ConvSpec) -> bool:
    """Whether a program may hold a step for each piece; compile time grows faster than their number."""
    return math.prod(len(runs(spec, axis)) for axis in range(spec.ndim)) <= MAX_PIECES


def shift_counts(spec: ConvSpec) -> tuple[int, ...]:
    """Number of consecutive blocks that an output reads, per axis."""
    pairs = zip(spec.effective_kernel_size, spec.strides, strict=True)
    return tuple((reach - 1) // s + 1 for reach, s in pairs)


def block_counts(spec: ConvSpec) -> tuple[int, ...]:
    """Number of blocks that C reads, per axis."""
    return tuple(o + q - 1 for o, q in zip(spec.output_size, shift_counts(spec), strict=True))


def space_to_depth(padded: Array, spec: ConvSpec) -> Array:
    """(N, *blocks * strides, ch), which is x after `outer_pads` -> (N, *blocks, *strides, ch)."""
    ndim, counts = spec.ndim, block_counts(spec)
    cut = [n for pair in zip(counts, spec.strides, strict=True) for n in pair]
    apart = padded.reshape(padded.shape[0], *cut, padded.shape[-1])
    blocks, phases = range(1, 2 * ndim, 2), range(2, 2 * ndim + 1, 2)
    return apart.transpose(0, *blocks, *phases, 2 * ndim + 1)


def depth_to_space(blocks: Array, spec: ConvSpec) -> Array:
    """(N, *blocks, *strides, ch) -> (N, *input_size, ch): the transpose of padding and `space_to_depth`."""
    ndim = spec.ndim
    pairs = [axis for a in range(ndim) for axis in (1 + a, 1 + ndim + a)]
    together = blocks.transpose(0, *pairs, 2 * ndim + 1)
    sizes = [n * s for n, s in zip(block_counts(spec), spec.strides, strict=True)]
    padded = together.reshape(blocks.shape[0], *sizes, blocks.shape[-1])
    return pad_zeros(padded, [(-lo, -hi) for lo, hi in outer_pads(spec)])


def outer_pads(spec: ConvSpec) -> list[Pads]:
    """Padding that makes the input exactly the blocks that are read, per axis; negative crops."""
    axes = zip(spec.input_size, block_counts(spec), spec.strides, spec.pads, strict=True)
    return [(lo, n * s - lo - i) for i, n, s, (lo, _) in axes]
