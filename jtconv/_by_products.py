"""C and the kernel's gradient by matrix products, a piece of the kernel at a time.

The images are gone through in tiles, so that the columns of all pieces together stay small: they
are then read from the cache, and memory beyond it is not asked for.
"""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays import Precision, accumulator
from jtconv._blocks import Piece, block_counts, pieces, runs, to_blocks
from jtconv._padding import pad, pad_zeros
from jtconv._products import apply_taps, correlate
from jtconv._sized import SizedGeometry

_TILE_BYTES = 2**23


class Tiling(NamedTuple):
    """Tiles of `images` images and `rows` outputs of the first axis; in all `counts` of them."""

    images: int
    rows: int
    counts: tuple[int, int]


def tiling(sized: SizedGeometry, n: int, row_bytes: int) -> Tiling:
    """Tiles whose columns, `row_bytes` for each row of an image, are not above 8 MiB, where they can be."""
    if sized.ndim == 0 or n == 0:
        return Tiling(n, 0, (1, 1))
    rows = sized.output_size[0]
    fitting = max(1, _TILE_BYTES // (row_bytes * rows))
    images = max(divisor for divisor in range(1, min(n, fitting) + 1) if n % divisor == 0)
    parts = min(rows, -(-row_bytes * rows * images // _TILE_BYTES))
    per_tile = -(-rows // parts)
    return Tiling(images, per_tile, (n // images, -(-rows // per_tile)))


def forward_by_products(x: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    """C on (N, *input_size, in_ch), all arguments checked."""
    if sized.padding_mode != "zeros":
        x, sized = pad(x, sized), sized.unpadded()

    def of_tile(blocks: Array, tile: SizedGeometry) -> Array:
        total = None
        for piece in pieces(tile):
            part = apply_taps(_columns(blocks, piece, tile), _taps(kernel, piece), tile.groups, precision)
            total = part if total is None else total + part
        assert total is not None  # a kernel has at least one tap
        return total.reshape(len(blocks), *tile.output_size, kernel.shape[-1]).astype(x.dtype)

    tiles = tiling(sized, len(x), _row_bytes(x, sized))
    whole, tile = _whole_tiles(sized, tiles)
    blocks = to_blocks(x, whole)
    if tiles.counts == (1, 1):
        return of_tile(blocks, tile)

    def step(at: tuple[Array, Array], y: Array) -> Array:
        return _put(y, of_tile(_cut(blocks, at, tiles.images, block_counts(tile)[0]), tile), at)

    y = _for_tiles(tiles, step, jnp.zeros((len(x), *whole.output_size, kernel.shape[-1]), x.dtype))
    return y[:, : sized.output_size[0]]


def kernel_gradient_by_products(x: Array, y: Array, sized: SizedGeometry, precision: Precision) -> Array:
    """(N, *input_size, in_ch), (N, *output_size, out_ch) -> (*kernel_size, in_ch // groups, out_ch)."""
    if sized.padding_mode != "zeros":
        x, sized = pad(x, sized), sized.unpadded()

    def of_tile(blocks: Array, y: Array, tile: SizedGeometry) -> tuple[Array, ...]:
        flat = y.reshape(len(y) * prod(tile.output_size), y.shape[-1])
        return tuple(correlate(_columns(blocks, p, tile), flat, tile.groups, precision) for p in pieces(tile))

    tiles = tiling(sized, len(x), _row_bytes(x, sized))
    whole, tile = _whole_tiles(sized, tiles)
    blocks = to_blocks(x, whole)
    if tiles.counts == (1, 1):
        return _assemble(of_tile(blocks, y, tile), sized).astype(y.dtype)
    # The rows added are zeros, which add nothing.
    y = pad_zeros(y, [(0, w - o) for w, o in zip(whole.output_size, sized.output_size, strict=True)])

    def step(at: tuple[Array, Array], sums: tuple[Array, ...]) -> tuple[Array, ...]:
        parts = of_tile(
            _cut(blocks, at, tiles.images, block_counts(tile)[0]), _cut(y, at, tiles.images, tiles.rows), tile
        )
        return tuple(total + part for total, part in zip(sums, parts, strict=True))

    shape = x.shape[-1] // sized.groups, y.shape[-1]
    zeros = tuple(jnp.zeros((prod(r.taps for r in p), *shape), accumulator(y.dtype)) for p in pieces(sized))
    return _assemble(_for_tiles(tiles, step, zeros), sized).astype(y.dtype)


def _row_bytes(x: Array, sized: SizedGeometry) -> int:
    """Bytes of the columns of all pieces, for one row of outputs of one image."""
    return prod(sized.output_size[1:]) * prod(sized.kernel_size) * x.shape[-1] * x.dtype.itemsize


def _whole_tiles(sized: SizedGeometry, tiles: Tiling) -> tuple[SizedGeometry, SizedGeometry]:
    """The geometry with rows for a whole number of tiles, and that of one tile."""
    if sized.ndim == 0:
        return sized, sized
    rest = sized.output_size[1:]
    whole = replace(sized, output_size=(tiles.rows * tiles.counts[1], *rest))
    return whole, replace(sized, output_size=(tiles.rows, *rest))


def _for_tiles(tiles: Tiling, step: Callable, initial: Array | tuple[Array, ...]):
    """`step((image, row), carry)` for the first image and row of every tile."""

    def body(i: Array, carry):
        return step((i // tiles.counts[1] * tiles.images, i % tiles.counts[1] * tiles.rows), carry)

    return lax.fori_loop(0, tiles.counts[0] * tiles.counts[1], body, initial)


def _cut(array: Array, at: tuple[Array, Array], images: int, rows: int) -> Array:
    start = (*at, *(0 for _ in array.shape[2:]))
    return lax.dynamic_slice(array, start, (images, rows, *array.shape[2:]))


def _put(array: Array, part: Array, at: tuple[Array, Array]) -> Array:
    return lax.dynamic_update_slice(array, part, (*at, *(0 for _ in array.shape[2:])))


def _columns(blocks: Array, piece: Piece, sized: SizedGeometry) -> Array:
    """What the taps of `piece` read: (N, *blocks, *strides, ch) -> (N * outputs, taps, ch)."""
    outputs = [slice(r.block, r.block + o) for r, o in zip(piece, sized.output_size, strict=True)]
    phases = [slice(r.phase, r.phase + r.taps) for r in piece]
    read = blocks[(slice(None), *outputs, *phases)]
    return read.reshape(len(blocks) * prod(sized.output_size), prod(r.taps for r in piece), blocks.shape[-1])


def _taps(kernel: Array, piece: Piece) -> Array:
    """(*kernel_size, I, groups * O) -> (taps, I, groups * O)."""
    return kernel[tuple(slice(r.tap, r.tap + r.taps) for r in piece)].reshape(-1, *kernel.shape[-2:])


def _assemble(parts: tuple[Array, ...], sized: SizedGeometry) -> Array:
    """The parts of a kernel that `_taps` takes, in the order of `pieces`, as one kernel."""
    shaped = [
        part.reshape(*(r.taps for r in piece), *part.shape[1:])
        for part, piece in zip(parts, pieces(sized), strict=True)
    ]
    for axis in reversed(range(sized.ndim)):  # the last axis is the quickest in `pieces`
        n = len(runs(sized, axis))
        shaped = [jnp.concatenate(shaped[i : i + n], axis) for i in range(0, len(shaped), n)]
    return shaped[0]
