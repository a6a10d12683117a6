"""Which pixels an activation of a pool depends on: integers only."""

from collections.abc import Sequence
from typing import Any, NamedTuple

POOL = 2  # kernel and strides of every pool


class Window(NamedTuple):
    """On one axis, position i of a pool sees the pixels from `start` + `step`·i on, `size` of them."""

    size: int
    step: int
    start: int

    def slice(self, i: int, length: int) -> slice:
        """The window of position i, or as many pixels; moved so that it lies within a picture of `length` pixels."""
        size = min(self.size, length)
        first = min(max(self.start + self.step * i, 0), length - size)
        return slice(first, first + size)


def window_of(stages: Sequence[Any], axis: int) -> Window:
    """Of the last pool of these stages, on axis 0 or 1 of the picture."""
    size, step, start = 1, 1, 0
    for stage in stages:
        for block in stage.convs:
            kernel_size = block.conv.geometry.kernel_size[axis]
            size += (kernel_size - 1) * step
            start -= (kernel_size - 1) // 2 * step  # SAME
        size += (POOL - 1) * step
        step *= POOL
    return Window(size, step, start)
