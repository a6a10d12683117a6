"""`TilePlan`: tiles of few rows of an image, so that the memory of a tile is within a bound. Integers only.

Rows are positions along one axis, the longest of the output. A tile of b rows of the output reads a
window of s(b - 1) + d(k - 1) + 1 rows of the padded input.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from jtconv._geometry.padding_modes import PADDING_MODES, into_range
from jtconv._geometry.spec import ConvSpec

_IMAGE_COPIES = 4  # of the window and of the tile of outputs: cut out, padded, result, accumulator
_METHOD_COPIES = 3  # of the method's temporary arrays
_KERNEL_COPIES = 4  # the kernel rearranged, its gradient, and the gradient of a tile


def tile_bytes(tile: ConvSpec, kernel: tuple[int, ...], images: int, itemsize: int, method: str) -> int:
    """Bytes for `images` images of a tile, in either direction and for the kernel's gradient.

    `itemsize` is that of the accumulator's dtype.
    """
    in_ch, out_ch = kernel[-2] * tile.groups, kernel[-1]
    padded = [i + max(lo, 0) + max(hi, 0) for i, (lo, hi) in zip(tile.input_size, tile.pads, strict=True)]
    window, outputs = prod(padded) * in_ch, prod(tile.output_size) * out_ch
    per_image = _IMAGE_COPIES * (window + outputs) + _METHOD_COPIES * _method_elements(tile, kernel, padded, method)
    return itemsize * (images * per_image + _KERNEL_COPIES * prod(kernel))


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


MAX_ROWS_AT_ONCE = 2**20  # rows of windows in one table


@dataclass(frozen=True)
class TilePlan:
    """Tiles of `images` images and `rows` rows of the output along spatial axis `axis`."""

    spec: ConvSpec
    axis: int
    images: int
    rows: int

    @property
    def count(self) -> int:
        """Number of tiles of one image."""
        return -(-self.spec.output_size[self.axis] // self.rows)

    @cached_property
    def tile(self) -> ConvSpec:
        """The convolution of one window."""
        return tile_of(self.spec, self.axis, self.rows)

    # The functions of rows take the number of one tile, or several. They compute the rows on demand, because a
    # table of the rows of all tiles would be as large as a long signal.

    def first_row(self, tile: Any) -> Any:
        """First row of a tile's outputs; the last tile may overlap the tile before it."""
        return (tile * self.rows).clip(max=self.spec.output_size[self.axis] - self.rows)

    def new_rows(self, tile: Any) -> Any:
        """Mask of the rows of a tile that no earlier tile has: bool (…, rows)."""
        before = tile * self.rows - self.first_row(tile)
        return np.arange(self.rows, dtype=np.int32) >= before[..., None]

    # A window copies from one run of rows of the input. With circular padding it also copies rows beside the run.

    @property
    def run(self) -> int:
        """Rows of the input in a run."""
        return min(self.tile.input_size[self.axis], self.spec.input_size[self.axis])

    def first_run_row(self, tile: Any) -> Any:
        """First row of a tile's run."""
        return self._first_run_row(self._sources(tile))

    @cached_property
    def wrapped(self) -> int:
        """How many of the first rows of the input are read beside the run."""
        if not PADDING_MODES[self.spec.padding_mode].wraps or self.run == self.spec.input_size[self.axis]:
            return 0
        at_a_time = max(1, MAX_ROWS_AT_ONCE // self.tile.input_size[self.axis])
        parts = (np.arange(at, min(at + at_a_time, self.count)) for at in range(0, self.count, at_a_time))
        return max(self._beside(self._sources(tiles)) for tiles in parts)

    def window_rows(self, tile: Any) -> Any:
        """Row of the run, then of the rows beside it, that each row of a window copies; their number for zeros."""
        sources = self._sources(tile)
        first, where = self._first_run_row(sources)[..., None], sources.__array_namespace__().where
        inside = where(sources < first, self.run + sources, sources - first)
        return where(sources < 0, self.run + self.wrapped, inside)

    def _sources(self, tile: Any) -> Any:
        """Row of the input that each row of a window copies: (…, window), -1 for zeros."""
        start = self.spec.strides[self.axis] * self.first_row(tile) - self.spec.pads[self.axis][0]
        rows = start[..., None] + np.arange(self.tile.input_size[self.axis], dtype=np.int32)
        return into_range(rows, self.spec.input_size[self.axis], self.spec.padding_mode)

    def _first_run_row(self, sources: Any) -> Any:
        size, where = self.spec.input_size[self.axis], sources.__array_namespace__().where
        wraps = PADDING_MODES[self.spec.padding_mode].wraps
        lowest = sources[..., 0] if wraps else where(sources < 0, size, sources).min(axis=-1)
        return lowest.clip(max=size - self.run)

    def _beside(self, sources: np.ndarray) -> int:
        """Maximum number of rows that a window reads before its run."""
        return int((sources < self._first_run_row(sources)[..., None]).sum(axis=-1).max())


def tile_of(spec: ConvSpec, axis: int, rows: int) -> ConvSpec:
    """The convolution that computes `rows` rows of the output from their window of the padded input."""
    window = spec.strides[axis] * (rows - 1) + spec.effective_kernel_size[axis]

    def changed(values: tuple, value: object) -> tuple:
        return (*values[:axis], value, *values[axis + 1 :])

    return replace(
        spec,
        input_size=changed(spec.input_size, window),
        output_size=changed(spec.output_size, rows),
        pads=changed(spec.pads, (0, 0)),
    )


def tile_plan(
    spec: ConvSpec, kernel: tuple[int, ...], images: int, itemsize: int, method: str, memory: int
) -> TilePlan:
    """The largest tiles that take at most `memory` bytes; the smallest tiles if none fit."""
    axis = longest_axis(spec)

    def fits(n: int, rows: int) -> bool:
        return tile_bytes(tile_of(spec, axis, rows), kernel, n, itemsize, method) <= memory

    rows = _largest(spec.output_size[axis], lambda b: fits(1, b))
    together = 1
    if rows == spec.output_size[axis]:
        divisors = (n for n in range(1, max(images, 1) + 1) if images % n == 0)
        together = max(n for n in divisors if n == 1 or fits(n, rows))
    return TilePlan(spec, axis, together, rows)


def least_bytes(spec: ConvSpec, kernel: tuple[int, ...], itemsize: int, method: str) -> int:
    """Bytes of the smallest tile: one row of one image."""
    return tile_bytes(tile_of(spec, longest_axis(spec), 1), kernel, 1, itemsize, method)


def longest_axis(spec: ConvSpec) -> int:
    """The first spatial axis with the largest number of outputs."""
    return max(range(spec.ndim), key=lambda axis: spec.output_size[axis])


def _largest(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `limit` that fits, by bisection; 1 if none does."""
    low, high = 1, limit
    while low < high:
        middle = -(-(low + high) // 2)
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
