"""Which convolution."""

from dataclasses import dataclass
from math import prod
from typing import Any

from experiments.errors import check
from jtconv import ConvGeometry

MOST_INPUTS, MOST_OUTPUTS = 36, 9  # rows and columns of Cᵀ that can be drawn


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    input_size: tuple[int, int] = (4, 4)
    """Of the convolution's input x."""
    kernel_size: tuple[int, int] = (3, 3)
    """Of the kernel; its values count from 1."""
    strides: tuple[int, int] = (1, 1)
    """Of the convolution."""
    padding: tuple[int, int] = (0, 0)
    """Of the convolution, on both sides of each axis."""

    def __post_init__(self) -> None:
        outputs = ConvGeometry(self.kernel_size, **self.layer).output_size(self.input_size)
        if prod(self.input_size) > MOST_INPUTS or prod(outputs) > MOST_OUTPUTS:
            most = f"at most {MOST_INPUTS} positions, and its result of at most {MOST_OUTPUTS}"
            raise ValueError(f"`input_size` must be of {most}, got {self.input_size!r} and {outputs!r}.")
        fits = all(p < k <= MOST_INPUTS for k, p in zip(self.kernel_size, self.padding, strict=True))
        check(self, "kernel_size", fits, f"above `padding` and at most {MOST_INPUTS} on each axis")

    @property
    def layer(self) -> dict[str, Any]:
        """The arguments of `jtconv.conv` and `jtconv.conv_transpose`."""
        return {"strides": self.strides, "padding": self.padding}
