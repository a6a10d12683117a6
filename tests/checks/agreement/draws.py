"""Random choices for one configuration, told by its number."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.checks.agreement.configurations import Layer

LARGEST = {0: 1, 1: 6, 2: 4, 3: 3}  # kernels and images, by the number of spatial axes
CHANNELS = {"bfloat16": 1, "float16": 2}  # few: the bound of these dtypes sees more, the fewer products there are


class Draw:
    """The choices; every number draws its own, the same ones each time."""

    def __init__(self, number: int, dimensions: tuple[int, ...] = (1, 1, 2, 2, 3)):
        self.rng = np.random.default_rng(number)
        self.ndim = self.one(dimensions)

    def one(self, options: Any) -> Any:
        """One of `options`."""
        return options[self.rng.integers(len(options))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def each(self, low: int, high: int) -> tuple[int, ...]:
        """An int per spatial axis."""
        return tuple(self.integer(low, high) for _ in range(self.ndim))

    def pairs(self, low: int, high: int) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self.each(low, high), self.each(low, high), strict=True))

    def below(self, *bounds: Sequence[int]) -> tuple[int, ...]:
        """An int per spatial axis, from 0, less than the greatest of its bounds."""
        return tuple(self.integer(0, max(axis) - 1) for axis in zip(*bounds, strict=True))

    def one_or_each(self, low: int, high: int) -> int | tuple[int, ...]:
        """An int, or one per spatial axis, for frameworks that take either."""
        return self.each(low, high) if self.chance(0.6) else self.integer(low, high)

    def spelled(self, values: tuple[int, ...]) -> int | tuple[int, ...]:
        """One int where all are equal, half of the time: frameworks repeat it over the axes."""
        return values[0] if len(set(values)) == 1 and self.chance(0.5) else values

    def layer(
        self,
        dtype: str = "float64",
        *,
        groups: tuple[int, ...] = (1,),
        strides: int | tuple[int, ...] | None = 1,
        dilation: int | tuple[int, ...] | None = 1,
    ) -> Layer:
        """Sizes and channels, with these strides and dilation: for all axes or for each, None for 1."""
        largest, channels = LARGEST[self.ndim], CHANNELS.get(dtype, 3)
        return Layer(
            self.each(1, largest),
            self.each(1, largest),
            self._repeated(strides),
            self._repeated(dilation),
            groups=self.one(groups),
            x_per_group=self.integer(1, channels),
            y_per_group=self.integer(1, channels),
            batch=self.integer(1, 3),
        )

    def _repeated(self, value: int | tuple[int, ...] | None) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (1 if value is None else value,) * self.ndim
