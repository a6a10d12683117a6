"""What is worked through."""

from dataclasses import dataclass
from math import prod

from experiments.errors import check

MOST = {"input_size": 3, "kernel_size": 4, "strides": 4}
MOST_CELLS = 300  # of C, that are drawn in every frame


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    input_size: tuple[int, int] = (2, 2)
    """Of what is put in; its values count from 0."""
    kernel_size: tuple[int, int] = (2, 2)
    """Of the kernel; its values count from 0, too."""
    strides: tuple[int, int] = (1, 1)
    """How far apart the copies of the kernel are placed."""
    padding: tuple[int, int] = (0, 0)
    """Rows and columns that are cut off on each side."""

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            check(self, name, all(1 <= value <= most for value in getattr(self, name)), f"in [1, {most}] on each axis")
        check(self, "padding", all(p >= 0 for p in self.padding), "at least 0 on each axis")
        for k, p, size in zip(self.kernel_size, self.padding, self.result_size, strict=True):
            check(self, "padding", p < k and size >= 1, "below the kernel's size, and leave something of the result")
        cells = prod(self.input_size) * prod(self.result_size)
        check(
            self,
            "input_size",
            cells <= MOST_CELLS,
            f"smaller: C would have {cells} cells, and {MOST_CELLS} can be drawn",
        )

    @property
    def result_size(self) -> tuple[int, ...]:
        sizes = zip(self.input_size, self.kernel_size, self.strides, self.padding, strict=True)
        return tuple(s * (i - 1) + k - 2 * p for i, k, s, p in sizes)
