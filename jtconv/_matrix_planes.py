"""Products of a matrix stored in planes: a strided slice of x, or a shifted y, for every tap.

XLA makes one loop of what is added up, so each value is read once, and each result written once.
"""

import itertools
import math
from collections.abc import Iterator

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays import accumulator
from jtconv._blocks import block_counts, from_blocks, outer_pads
from jtconv._padding import fold, pad_zeros, padded
from jtconv._sized import SizedGeometry


def planes_product(values: Array, columns: Array, sized: SizedGeometry) -> Array:
    """C @ (columns, m) -> (rows, m), for values (taps, *blocks, groups)."""
    m, groups, wide = columns.shape[1], values.shape[-1], accumulator(values.dtype)
    image, valid = padded(columns.reshape(1, *sized.input_size, groups * m), sized)
    size = (n * s for n, s in zip(block_counts(sized), sized.strides, strict=True))
    image = pad_zeros(image, outer_pads(valid)).reshape(*size, groups, m)
    total = jnp.zeros((), wide)
    for plane, blocks, phase in _planes(values, sized):
        corner = [b * s + r for b, s, r in zip(blocks, sized.strides, phase, strict=True)]
        sides = zip(corner, sized.strides, sized.output_size, strict=True)
        end = [a + s * (o - 1) + 1 for a, s, o in sides]
        read = lax.slice(image, (*corner, 0, 0), (*end, groups, m), (*sized.strides, 1, 1))
        inside = (slice(b, b + o) for b, o in zip(blocks, sized.output_size, strict=True))
        total += plane[(*inside, slice(None), None)].astype(wide) * read.astype(wide)
    return total.reshape(math.prod(sized.output_size) * groups, m)


def planes_transposed_product(values: Array, rows: Array, sized: SizedGeometry) -> Array:
    """Cᵀ @ (rows, m) -> (columns, m), for values (taps, *blocks, groups)."""
    m, groups, wide = rows.shape[1], values.shape[-1], accumulator(values.dtype)
    counts = block_counts(sized)
    furthest = [n - o for n, o in zip(counts, sized.output_size, strict=True)]
    y = pad_zeros(rows.reshape(1, *sized.output_size, groups * m), [(q, q) for q in furthest])
    y = y.reshape(*y.shape[1:-1], groups, m).astype(wide)
    zeros = jnp.zeros((*counts, groups, m), wide)
    phases = dict.fromkeys(itertools.product(*map(range, sized.strides)), zeros)
    for plane, blocks, phase in _planes(values, sized):
        near = (slice(q - b, q - b + n) for q, b, n in zip(furthest, blocks, counts, strict=True))
        phases[phase] += plane[..., None].astype(wide) * y[tuple(near)]
    image = jnp.stack(list(phases.values()), axis=sized.ndim)
    image = from_blocks(image.reshape(1, *counts, *sized.strides, groups * m), sized.unpadded())
    if sized.padding_mode == "zeros":
        image = pad_zeros(image, [(-lo, -hi) for lo, hi in sized.pads])
    else:
        image = fold(image, sized)
    return image.reshape(math.prod(sized.input_size) * groups, m)


def _planes(values: Array, sized: SizedGeometry) -> Iterator[tuple[Array, tuple[int, ...], tuple[int, ...]]]:
    """The plane of each tap, the block that output 0 reads by it, and at which phase of the block."""
    for plane, tap in zip(values, itertools.product(*map(range, sized.kernel_size)), strict=True):
        at = [divmod(d * t, s) for d, t, s in zip(sized.dilation, tap, sized.strides, strict=True)]
        yield plane, tuple(block for block, _ in at), tuple(phase for _, phase in at)
