"""The kernel's gradient by matrix products, one for each piece of the kernel."""

from dataclasses import replace
from math import prod

import jax.numpy as jnp
from jax import Array

from jtconv._arrays.blocks import Piece, block_counts, has_few_pieces, outer_pads, pieces, runs, space_to_depth
from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import pad_zeros, padded
from jtconv._arrays.sharding import zeros_varying_like
from jtconv._arrays.tiles import cut, over_tiles, tiling
from jtconv._compute.groups import correlate
from jtconv._compute.implementation import CPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec

Parts = tuple[Array, ...]  # of a kernel, one for each piece


def kernel_gradient_by_pieces(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """(N, *input_size, in_ch), (N, *output_size, out_ch) -> (*kernel_size, in_ch // groups, out_ch)."""
    x, spec = padded(x, spec)
    if spec.ndim == 0:
        return correlate(x[:, None], y, spec.groups, precision)[0].astype(y.dtype)
    tiles = tiling(x.shape[0], spec.output_size[0], _row_bytes(x, spec))
    whole, tile = (replace(spec, output_size=(n, *spec.output_size[1:])) for n in (tiles.all_rows, tiles.rows))
    # The rows added are zeros, which add nothing.
    x = pad_zeros(x, outer_pads(whole))
    y = pad_zeros(y, [(0, w - o) for w, o in zip(whole.output_size, spec.output_size, strict=True)])
    height, s = block_counts(tile)[0] * tile.strides[0], tile.strides[0]

    def step(image: Array | int, row: Array | int, sums: Parts) -> Parts:
        blocks = space_to_depth(cut(x, image, row * s, tiles.images, height), tile)
        outputs = cut(y, image, row, tiles.images, tiles.rows)
        flat = outputs.reshape(tiles.images * prod(tile.output_size), y.shape[-1])
        parts = (correlate(_columns(blocks, p, tile), flat, tile.groups, precision) for p in pieces(tile))
        return tuple(total + part for total, part in zip(sums, parts, strict=True))

    shape = x.shape[-1] // spec.groups, y.shape[-1]
    initial = tuple(
        zeros_varying_like(y, (prod(r.taps for r in p), *shape), accumulator(y.dtype)) for p in pieces(spec)
    )
    return _assemble(over_tiles(tiles, step, initial), spec).astype(y.dtype)


def _supports(request: Request) -> bool:
    return not request.kernels_callable and has_few_pieces(request.spec)


IMPLEMENTATIONS = (
    Implementation("pieces", "kernel_gradient", kernel_gradient_by_pieces, (CPU,), _supports, lambda _: 1),
)


def _row_bytes(x: Array, spec: ConvSpec) -> int:
    """Bytes that all taps read for one row of outputs of one image."""
    return prod(spec.output_size[1:]) * prod(spec.kernel_size) * x.shape[-1] * x.dtype.itemsize


def _columns(blocks: Array, piece: Piece, spec: ConvSpec) -> Array:
    """Values that the taps of `piece` read: (N, *blocks, *strides, ch) -> (N * outputs, taps, ch)."""
    outputs = [slice(r.block, r.block + o) for r, o in zip(piece, spec.output_size, strict=True)]
    phases = [slice(r.phase, r.phase + r.taps) for r in piece]
    read = blocks[(slice(None), *outputs, *phases)]
    return read.reshape(blocks.shape[0] * prod(spec.output_size), prod(r.taps for r in piece), blocks.shape[-1])


def _assemble(parts: Parts, spec: ConvSpec) -> Array:
    """The gradients of the pieces, (taps, I, groups * O) each, in the order of `pieces`, as one kernel."""
    shaped = [
        part.reshape(*(r.taps for r in piece), *part.shape[1:]) for part, piece in zip(parts, pieces(spec), strict=True)
    ]
    for axis in reversed(range(spec.ndim)):  # the last axis is the quickest in `pieces`
        n = len(runs(spec, axis))
        shaped = [jnp.concatenate(shaped[i : i + n], axis) for i in range(0, len(shaped), n)]
    return shaped[0]
