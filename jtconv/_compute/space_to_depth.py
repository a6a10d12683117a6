"""C and the kernel's gradient by one product that reads every block of x once.

Without dilation, block m of x meets the outputs m - q, for q from 0 to ceil(k / s) - 1 on each
axis, by the taps s*q + r at its phases r. So with B the matrix of the blocks of x, and W that of
the kernel,

    B (N * blocks, strides * in_ch)       W (strides * in_ch, shifts * out_ch)

C x is B W with every shift's part moved by q and added, and the kernel's gradient is the product
of B and the shifted y. Where kernel and stride are large, as in the upsampling layers of an FCN,
this reads x once, where a product for each piece of the kernel would read it for every shift.
For one group of channels.
"""

import itertools
from dataclasses import replace
from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import block_counts, outer_pads, shift_counts, space_to_depth
from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import pad_zeros, padded
from jtconv._arrays.sharding import zeros_varying_like
from jtconv._arrays.tiles import Tiling, cut, over_tiles, put, tiling
from jtconv._compute.implementation import CPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec

MIN_THINNESS = 8  # times that a product's other sides are longer, to call it thin


def forward_by_blocks(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C on (N, *input_size, in_ch), all arguments checked."""
    x, spec = padded(x, spec)
    out_ch, shifts = kernel.shape[-1], _shifts(spec)
    tiles, x = _padded_tiles(x, spec, out_ch)
    matrix = _matrix(kernel, spec)

    def step(image: Array | int, row: Array | int, z: Array) -> Array:
        product = jnp.matmul(
            _block_rows(x, image, row, tiles, spec), matrix, precision=precision, preferred_element_type=z.dtype
        )
        return put(z, product.reshape(tiles.images, tiles.rows, *z.shape[2:]), image, row)

    size = (x.shape[0], tiles.all_rows, *block_counts(spec)[1:], len(shifts) * out_ch)
    z = over_tiles(tiles, step, zeros_varying_like(x, size, accumulator(x.dtype)))
    z = z.reshape(*z.shape[:-1], len(shifts), out_ch)
    moved = [
        z[(slice(None), *(slice(q, q + o) for q, o in zip(shift, spec.output_size, strict=True)), j)]
        for j, shift in enumerate(shifts)
    ]
    return sum(moved[1:], start=moved[0]).astype(x.dtype)


def kernel_gradient_by_blocks(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """(N, *input_size, in_ch), (N, *output_size, out_ch) -> (*kernel_size, in_ch, out_ch)."""
    x, spec = padded(x, spec)
    in_ch, out_ch, shifts = x.shape[-1], y.shape[-1], _shifts(spec)
    tiles, x = _padded_tiles(x, spec, out_ch)
    last = shifts[-1]
    after = tiles.all_rows - spec.output_size[0], *last[1:]
    y = pad_zeros(y, list(zip(last, after, strict=True)))
    counts = (tiles.rows, *block_counts(spec)[1:])

    def step(image: Array | int, row: Array | int, total: Array) -> Array:
        near = cut(y, image, row, tiles.images, tiles.rows + last[0])
        columns = jnp.concatenate([_moved(near, shift, last, counts) for shift in shifts], axis=-1)
        flat = columns.reshape(tiles.images * prod(counts), len(shifts) * out_ch)
        blocks = _block_rows(x, image, row, tiles, spec)
        return total + jnp.einsum("pf,pc->fc", flat, blocks, precision=precision, preferred_element_type=total.dtype)

    initial = zeros_varying_like(x, (len(shifts) * out_ch, prod(spec.strides) * in_ch), accumulator(x.dtype))
    return _kernel(over_tiles(tiles, step, initial), spec, in_ch, out_ch).astype(y.dtype)


def _forward_supports(request: Request) -> bool:
    spec, (x, kernel) = request.spec, request.shapes
    overlapping = any(k > s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    return not request.kernels_callable and overlapping and _is_thin(spec, x[-1], kernel[-1])


def _gradient_supports(request: Request) -> bool:
    x, y = request.shapes
    return not request.kernels_callable and _is_thin(request.spec, x[-1], y[-1])


def _is_thin(spec: ConvSpec, in_ch: int, out_ch: int) -> bool:
    """Whether a block of x holds much more than all that is made of it, as in an FCN's last layers."""
    uneven = any(k % s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    if spec.groups > 1 or max(spec.dilation, default=1) > 1 or uneven or spec.ndim == 0:
        return False
    return MIN_THINNESS * prod(shift_counts(spec)) * out_ch <= prod(spec.strides) * in_ch


IMPLEMENTATIONS = (
    Implementation("space_to_depth", "forward", forward_by_blocks, (CPU,), _forward_supports, lambda _: 1),
    Implementation(
        "space_to_depth", "kernel_gradient", kernel_gradient_by_blocks, (CPU,), _gradient_supports, lambda _: 0
    ),
)


def _shifts(spec: ConvSpec) -> list[tuple[int, ...]]:
    """The shifts q, the last axis quickest."""
    return list(itertools.product(*map(range, shift_counts(spec))))


def _padded_tiles(x: Array, spec: ConvSpec, out_ch: int) -> tuple[Tiling, Array]:
    """Tiles of rows of blocks, and x padded to whole ones."""
    rows, *rest = block_counts(spec)
    row_values = prod(rest) * (prod(spec.strides) * x.shape[-1] + len(_shifts(spec)) * out_ch)
    tiles = tiling(x.shape[0], rows, row_values * x.dtype.itemsize)
    extended = replace(spec, output_size=(spec.output_size[0] + tiles.all_rows - rows, *spec.output_size[1:]))
    return tiles, pad_zeros(x, outer_pads(extended))


def _block_rows(x: Array, image: Array | int, row: Array | int, tiles: Tiling, spec: ConvSpec) -> Array:
    """The blocks of a tile of padded x as rows: (N * blocks, strides * in_ch)."""
    s = spec.strides[0]
    tile = cut(x, image, row * s, tiles.images, tiles.rows * s)
    outputs = tiles.rows - shift_counts(spec)[0] + 1  # that read as many rows of blocks
    geometry = replace(spec, output_size=(outputs, *spec.output_size[1:]))
    blocks = space_to_depth(tile, geometry)
    return blocks.reshape(prod(blocks.shape[: 1 + spec.ndim]), prod(spec.strides) * x.shape[-1])


def _moved(y: Array, shift: tuple[int, ...], last: tuple[int, ...], counts: tuple[int, ...]) -> Array:
    """Output m - q at each block m, from y with the largest shift's zeros before it."""
    inside = (slice(end - q, end - q + m) for q, end, m in zip(shift, last, counts, strict=True))
    return y[(slice(None), *inside)]


def _matrix(kernel: Array, spec: ConvSpec) -> Array:
    """(*kernel_size, in_ch, out_ch) -> (strides * in_ch, shifts * out_ch), zeros where there is no tap."""
    ndim, shape = spec.ndim, _by_shift(spec)
    padding = [(0, q * s - k, 0) for (q, s), k in zip(shape, spec.kernel_size, strict=True)]
    whole = lax.pad(kernel, jnp.zeros((), kernel.dtype), [*padding, (0, 0, 0), (0, 0, 0)])
    apart = whole.reshape(*itertools.chain(*shape), *kernel.shape[-2:])
    order = [*range(1, 2 * ndim, 2), 2 * ndim, *range(0, 2 * ndim, 2), 2 * ndim + 1]
    return apart.transpose(order).reshape(prod(spec.strides) * kernel.shape[-2], -1)


def _kernel(gradient: Array, spec: ConvSpec, in_ch: int, out_ch: int) -> Array:
    """(shifts * out_ch, strides * in_ch) -> (*kernel_size, in_ch, out_ch)."""
    ndim, shape = spec.ndim, _by_shift(spec)
    apart = gradient.reshape(*(q for q, _ in shape), out_ch, *spec.strides, in_ch)
    order = [*itertools.chain(*((a, ndim + 1 + a) for a in range(ndim))), 2 * ndim + 1, ndim]
    whole = apart.transpose(order).reshape(*(q * s for q, s in shape), in_ch, out_ch)
    return whole[tuple(slice(k) for k in spec.kernel_size)]


def _by_shift(spec: ConvSpec) -> list[tuple[int, int]]:
    """Per axis, the number of shifts and the stride."""
    return list(zip(shift_counts(spec), spec.strides, strict=True))
