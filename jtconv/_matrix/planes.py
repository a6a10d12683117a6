"""Products of a matrix stored in planes: a strided slice of x, or a shifted y, for every plane.

XLA fuses the sum into one loop, so each value is read once, and each result written once.
"""

import itertools
import math
from collections.abc import Iterator

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import block_counts, depth_to_space, outer_pads
from jtconv._arrays.checks import accumulator
from jtconv._arrays.padding import fold, pad_zeros, padded
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec
from jtconv._matrix.layout import Channels


def planes_product(values: Array, columns: Array, spec: ConvSpec, channels: Channels) -> Array:
    """C @ (columns, m) -> (rows, m), for values (planes, *blocks, groups)."""
    m, (groups, in_ch, out_ch) = columns.shape[1], channels
    images = columns.reshape(*spec.input_size, groups, in_ch, m)
    images = jnp.moveaxis(images, -2, 0).reshape(in_ch, *spec.input_size, groups * m)
    images, valid = padded(images, spec)
    size = (n * s for n, s in zip(block_counts(spec), spec.strides, strict=True))
    images = pad_zeros(images, outer_pads(valid)).reshape(in_ch, *size, groups, m)
    wide = accumulator(values.dtype)
    totals = [jnp.zeros((), wide)] * out_ch
    for plane, f, c, blocks, phase in _planes(values, spec, channels):
        corner = [b * s + r for b, s, r in zip(blocks, spec.strides, phase, strict=True)]
        sides = zip(corner, spec.strides, spec.output_size, strict=True)
        end = [a + s * (o - 1) + 1 for a, s, o in sides]
        read = lax.slice(images[c], (*corner, 0, 0), (*end, groups, m), (*spec.strides, 1, 1))
        inside = (slice(b, b + o) for b, o in zip(blocks, spec.output_size, strict=True))
        totals[f] += plane[(*inside, slice(None), None)].astype(wide) * read.astype(wide)
    return jnp.stack(totals, axis=-2).reshape(math.prod(spec.output_size) * groups * out_ch, m)


def planes_transposed_product(values: Array, rows: Array, spec: ConvSpec, channels: Channels) -> Array:
    """Cᵀ @ (rows, m) -> (columns, m), for values (planes, *blocks, groups)."""
    m, (groups, in_ch, out_ch) = rows.shape[1], channels
    wide, counts = accumulator(values.dtype), block_counts(spec)
    furthest = [n - o for n, o in zip(counts, spec.output_size, strict=True)]
    ys = jnp.moveaxis(rows.reshape(*spec.output_size, groups, out_ch, m), -2, 0)
    ys = pad_zeros(ys.reshape(out_ch, *spec.output_size, groups * m), [(q, q) for q in furthest])
    ys = ys.reshape(*ys.shape[:-1], groups, m).astype(wide)
    every = list(itertools.product(range(in_ch), *map(range, spec.strides)))
    phases = dict.fromkeys(every, jnp.zeros((*counts, groups, m), wide))
    for plane, f, c, blocks, phase in _planes(values, spec, channels):
        near = (slice(q - b, q - b + n) for q, b, n in zip(furthest, blocks, counts, strict=True))
        phases[c, *phase] += plane[..., None].astype(wide) * ys[(f, *near)]
    images = jnp.stack([phases[key] for key in every])
    images = images.reshape(in_ch, math.prod(spec.strides), *images.shape[1:])
    images = jnp.moveaxis(images, 1, 1 + spec.ndim)
    images = depth_to_space(images.reshape(in_ch, *counts, *spec.strides, groups * m), spec.unpadded())
    if PADDING_MODES[spec.padding_mode].copies:
        images = fold(images, spec)
    else:
        images = pad_zeros(images, [(-lo, -hi) for lo, hi in spec.pads])
    inputs = math.prod(spec.input_size) * groups
    return jnp.moveaxis(images.reshape(in_ch, inputs, m), 0, 1).reshape(inputs * in_ch, m)


def _planes(
    values: Array, spec: ConvSpec, channels: Channels
) -> Iterator[tuple[Array, int, int, tuple[int, ...], tuple[int, ...]]]:
    """Each plane with its channels of y and x, and the block and phase that output 0 reads by its tap."""
    taps = itertools.product(*map(range, spec.kernel_size))
    every = itertools.product(range(channels.out_ch), range(channels.in_ch), taps)
    for plane, (f, c, tap) in zip(values, every, strict=True):
        at = [divmod(d * t, s) for d, t, s in zip(spec.dilation, tap, spec.strides, strict=True)]
        yield plane, f, c, tuple(block for block, _ in at), tuple(phase for _, phase in at)
