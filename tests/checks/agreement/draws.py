"""Random choices for one configuration, told by its number."""

from typing import Any

import numpy as np

from tests.checks.agreement.configurations import Layer

LARGEST = {0: 1, 1: 6, 2: 4, 3: 3}  # kernels and images, by the number of spatial axes


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

    def one_or_each(self, low: int, high: int) -> int | tuple[int, ...]:
        """An int, or one per spatial axis, for frameworks that take either."""
        return self.each(low, high) if self.chance(0.6) else self.integer(low, high)

    def layer(self, *, groups: tuple[int, ...] = (1,)) -> Layer:
        """Sizes and channels; the strides and dilation are to be said later."""
        largest, ones = LARGEST[self.ndim], (1,) * self.ndim
        return Layer(
            self.each(1, largest),
            self.each(1, largest),
            ones,
            ones,
            groups=self.one(groups),
            x_per_group=self.integer(1, 3),
            y_per_group=self.integer(1, 3),
            batch=self.integer(1, 3),
        )


def repeated(value: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """What an argument for all axes or for each of them means; None is 1."""
    return value if isinstance(value, tuple) else (1 if value is None else value,) * ndim
