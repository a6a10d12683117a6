"""What is worked through."""

from dataclasses import dataclass

MOST = {"input_size": 3, "kernel_size": 4, "strides": 4}  # what can be drawn


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
            self.check(name, all(1 <= value <= most for value in getattr(self, name)), f"in [1, {most}] on each axis")
        self.check("padding", all(p >= 0 for p in self.padding), "at least 0 on each axis")
        for i, k, s, p in zip(self.input_size, self.kernel_size, self.strides, self.padding, strict=True):
            size = s * (i - 1) + k - 2 * p
            self.check("padding", p < k and size >= 1, "below the kernel's size, and leave something of the result")

    def check(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"`{name}` must be {rule}, got {getattr(self, name)!r}.")
