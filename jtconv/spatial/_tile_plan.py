"""`TilePlan`: an image gone through in tiles of few rows, so that what a tile takes is within a bound. Integers only.

Rows are positions along one axis, the longest of the output. A tile of b rows of the output reads a
window of s(b - 1) + d(k - 1) + 1 rows of the padded input.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jtconv._sized import SizedGeometry, into_range
from jtconv.spatial._tile_bytes import tile_bytes


@dataclass(frozen=True)
class TilePlan:
    """Tiles of `images` images and `rows` rows of the output along spatial axis `axis`."""

    sized: SizedGeometry
    axis: int
    images: int
    rows: int

    @property
    def count(self) -> int:
        """Tiles of one image."""
        return -(-self.sized.output_size[self.axis] // self.rows)

    @cached_property
    def tile(self) -> SizedGeometry:
        """The convolution of one window."""
        return tile_of(self.sized, self.axis, self.rows)

    def first_rows(self) -> np.ndarray:
        """Where each tile's rows of the output begin: the last tile overlaps the one before, where it has to."""
        last = self.sized.output_size[self.axis] - self.rows
        return np.minimum(np.arange(self.count) * self.rows, last).astype(np.int32)

    def new_rows(self) -> np.ndarray:
        """Which rows of each tile no earlier tile has: bool (tiles, rows)."""
        before = np.arange(self.count)[:, None] * self.rows - self.first_rows()[:, None]
        return np.arange(self.rows) >= before

    # A window copies from one run of rows of the input; around a ring, where it wraps, also from the first rows.

    @property
    def run(self) -> int:
        """Rows of the input in a run."""
        return min(self.tile.input_size[self.axis], self.sized.input_size[self.axis])

    def first_run_rows(self) -> np.ndarray:
        """Where each tile's run begins."""
        rows, size = self._sources(), self.sized.input_size[self.axis]
        lowest = rows[:, 0] if self.sized.padding_mode == "circular" else np.where(rows < 0, size, rows).min(axis=1)
        return np.minimum(lowest, size - self.run).astype(np.int32)

    @cached_property
    def wrapped(self) -> int:
        """How many of the first rows of the input are read beside the run."""
        if self.sized.padding_mode != "circular" or self.run == self.sized.input_size[self.axis]:
            return 0
        beside = self._sources() < self.first_run_rows()[:, None]
        return int(beside.sum(axis=1).max())

    def window_rows(self) -> np.ndarray:
        """Which row of the run, then of the rows beside it, each row of each window copies; their number for zeros."""
        rows, first = self._sources(), self.first_run_rows()[:, None]
        inside = np.where(rows < first, self.run + rows, rows - first)
        return np.where(rows < 0, self.run + self.wrapped, inside).astype(np.int32)

    def _sources(self) -> np.ndarray:
        """Which row of the input each row of each window copies: (tiles, window), -1 for zeros."""
        starts = self.sized.strides[self.axis] * self.first_rows()[:, None] - self.sized.pads[self.axis][0]
        rows = starts + np.arange(self.tile.input_size[self.axis])
        return into_range(rows, self.sized.input_size[self.axis], self.sized.padding_mode)


def tile_of(sized: SizedGeometry, axis: int, rows: int) -> SizedGeometry:
    """The convolution that makes `rows` rows of the output from their window of the padded input."""
    window = sized.strides[axis] * (rows - 1) + sized.effective_kernel_size[axis]

    def changed(values: tuple, value: object) -> tuple:
        return (*values[:axis], value, *values[axis + 1 :])

    return replace(
        sized,
        input_size=changed(sized.input_size, window),
        output_size=changed(sized.output_size, rows),
        pads=changed(sized.pads, (0, 0)),
    )


def tile_plan(
    sized: SizedGeometry, kernel: tuple[int, ...], images: int, itemsize: int, method: str, memory: int
) -> TilePlan:
    """The largest tiles that take at most `memory` bytes; the smallest there are, where none does."""
    axis = longest_axis(sized)

    def fits(n: int, rows: int) -> bool:
        return tile_bytes(tile_of(sized, axis, rows), kernel, n, itemsize, method) <= memory

    rows = _largest(sized.output_size[axis], lambda b: fits(1, b))
    together = 1
    if rows == sized.output_size[axis]:
        divisors = (n for n in range(1, max(images, 1) + 1) if images % n == 0)
        together = max(n for n in divisors if n == 1 or fits(n, rows))
    return TilePlan(sized, axis, together, rows)


def least_bytes(sized: SizedGeometry, kernel: tuple[int, ...], itemsize: int, method: str) -> int:
    """What the smallest tile takes: one row of one image."""
    return tile_bytes(tile_of(sized, longest_axis(sized), 1), kernel, 1, itemsize, method)


def longest_axis(sized: SizedGeometry) -> int:
    """The spatial axis with the most outputs, the first of them."""
    return max(range(sized.ndim), key=lambda axis: sized.output_size[axis])


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `most` that fits, by bisection; 1 if none does."""
    low, high = 1, most
    while low < high:
        middle = -(-(low + high) // 2)
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
