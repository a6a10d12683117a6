"""Memory of one tile besides the arrays given and returned: upper estimates, in integers.

The temporary arrays of each method are known. The number of them that XLA keeps at a time is not.
The factors are the maxima measured on compiled programs (`tests/test_spatial_tiles.py`) and on peaks of processes
(`benchmarks/tiled_memory.py`).
"""

from math import prod

from jtconv._geometry.spec import ConvSpec

_IMAGES = 4  # copies of the window and of the tile of outputs: cut out, padded, result, accumulator
_OF_METHOD = 3  # copies of the method's temporary arrays
_KERNELS = 4  # copies: the kernel rearranged, its gradient, and the gradient of a tile


def tile_bytes(tile: ConvSpec, kernel: tuple[int, ...], images: int, itemsize: int, method: str) -> int:
    """Bytes for `images` images of a tile, in either direction and for the kernel's gradient.

    `itemsize` is that of the accumulator's dtype.
    """
    in_ch, out_ch = kernel[-2] * tile.groups, kernel[-1]
    padded = [i + max(lo, 0) + max(hi, 0) for i, (lo, hi) in zip(tile.input_size, tile.pads, strict=True)]
    window, outputs = prod(padded) * in_ch, prod(tile.output_size) * out_ch
    per_image = _IMAGES * (window + outputs) + _OF_METHOD * _method_elements(tile, kernel, padded, method)
    return itemsize * (images * per_image + _KERNELS * prod(kernel))


def _method_elements(tile: ConvSpec, kernel: tuple[int, ...], padded: list[int], method: str) -> int:
    in_ch, out_ch = kernel[-2] * tile.groups, kernel[-1]
    columns = prod(tile.output_size) * prod(tile.kernel_size) * in_ch
    phases = prod((size // s + 2) * s for size, s in zip(padded, tile.strides, strict=True)) * in_ch
    with_zeros = prod(size + reach for size, reach in zip(padded, tile.effective_kernel_size, strict=True)) * out_ch
    entries = prod(tile.output_size) * prod(kernel)
    return {
        "matrix": 4 * entries,  # values and indices
        # With strides, XLA for the CPU uses im2col columns, in memory that its plan does not contain.
        "lax": with_zeros + columns,
        "vjp": with_zeros + columns,
        "scatter": columns,
        "overlap_add": columns + phases,
        "polyphase": phases,
    }.get(method, columns + phases)
