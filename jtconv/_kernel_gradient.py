"""The kernel's gradient by matrix products, one for each piece of the kernel."""

from dataclasses import replace
from math import prod

import jax.numpy as jnp
from jax import Array

from jtconv._arrays import Precision, accumulator
from jtconv._blocks import Piece, block_counts, outer_pads, pieces, runs, to_blocks
from jtconv._padding import pad_zeros, padded
from jtconv._products import correlate
from jtconv._sized import SizedGeometry
from jtconv._tiles import cut, over_tiles, tiling, zeros

Parts = tuple[Array, ...]  # of a kernel, one for each piece


def kernel_gradient_by_pieces(x: Array, y: Array, sized: SizedGeometry, precision: Precision) -> Array:
    """(N, *input_size, in_ch), (N, *output_size, out_ch) -> (*kernel_size, in_ch // groups, out_ch)."""
    x, sized = padded(x, sized)
    if sized.ndim == 0:
        return correlate(x[:, None], y, sized.groups, precision)[0].astype(y.dtype)
    tiles = tiling(x.shape[0], sized.output_size[0], _row_bytes(x, sized))
    whole, tile = (replace(sized, output_size=(n, *sized.output_size[1:])) for n in (tiles.all_rows, tiles.rows))
    # The rows added are zeros, which add nothing.
    x = pad_zeros(x, outer_pads(whole))
    y = pad_zeros(y, [(0, w - o) for w, o in zip(whole.output_size, sized.output_size, strict=True)])
    height, s = block_counts(tile)[0] * tile.strides[0], tile.strides[0]

    def step(image: Array | int, row: Array | int, sums: Parts) -> Parts:
        blocks = to_blocks(cut(x, image, row * s, tiles.images, height), tile)
        outputs = cut(y, image, row, tiles.images, tiles.rows)
        flat = outputs.reshape(tiles.images * prod(tile.output_size), y.shape[-1])
        parts = (correlate(_columns(blocks, p, tile), flat, tile.groups, precision) for p in pieces(tile))
        return tuple(total + part for total, part in zip(sums, parts, strict=True))

    shape = x.shape[-1] // sized.groups, y.shape[-1]
    initial = tuple(zeros((prod(r.taps for r in p), *shape), accumulator(y.dtype), y) for p in pieces(sized))
    return _assemble(over_tiles(tiles, step, initial), sized).astype(y.dtype)


def _row_bytes(x: Array, sized: SizedGeometry) -> int:
    """Bytes that all taps read for one row of outputs of one image."""
    return prod(sized.output_size[1:]) * prod(sized.kernel_size) * x.shape[-1] * x.dtype.itemsize


def _columns(blocks: Array, piece: Piece, sized: SizedGeometry) -> Array:
    """What the taps of `piece` read: (N, *blocks, *strides, ch) -> (N * outputs, taps, ch)."""
    outputs = [slice(r.block, r.block + o) for r, o in zip(piece, sized.output_size, strict=True)]
    phases = [slice(r.phase, r.phase + r.taps) for r in piece]
    read = blocks[(slice(None), *outputs, *phases)]
    return read.reshape(blocks.shape[0] * prod(sized.output_size), prod(r.taps for r in piece), blocks.shape[-1])


def _assemble(parts: Parts, sized: SizedGeometry) -> Array:
    """The gradients of the pieces, (taps, I, groups * O) each, in the order of `pieces`, as one kernel."""
    shaped = [
        part.reshape(*(r.taps for r in piece), *part.shape[1:])
        for part, piece in zip(parts, pieces(sized), strict=True)
    ]
    for axis in reversed(range(sized.ndim)):  # the last axis is the quickest in `pieces`
        n = len(runs(sized, axis))
        shaped = [jnp.concatenate(shaped[i : i + n], axis) for i in range(0, len(shaped), n)]
    return shaped[0]
