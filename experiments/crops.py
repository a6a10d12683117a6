"""Squares cut from pictures at random places, flipped and turned: what the networks for photographs are trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Crops:
    """Random squares of photographs that are known at one size or several.

    Each photograph is a tuple of arrays, (h, w, …) first, and then (h·f, w·f, …) with a whole f. Every place is as
    likely as every other.
    """

    def __init__(self, photographs: Sequence[tuple[NDArray, ...]], size: int):
        self.photographs, self.size = photographs, size
        places = np.array([np.prod(np.subtract(sizes[0].shape[:2], size - 1)) for sizes in photographs], np.float64)
        self.shares = places / places.sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[NDArray, ...]:
        """`count` squares, as an array (count, size·f, size·f, …) for each f."""
        drawn = [self.one(number, rng) for number in rng.choice(len(self.photographs), count, p=self.shares)]
        return tuple(np.stack(squares) for squares in zip(*drawn, strict=True))

    def one(self, number: int, rng: np.random.Generator) -> list[NDArray]:
        sizes = self.photographs[number]
        height, width = sizes[0].shape[:2]
        top, left = rng.integers((height - self.size + 1, width - self.size + 1))
        turns, flip = int(rng.integers(4)), rng.choice((1, -1))
        squares = []
        for picture in sizes:
            f = picture.shape[0] // height
            square = picture[f * top : f * (top + self.size), f * left : f * (left + self.size)]
            squares.append(np.rot90(square, turns)[:, ::flip])
        return squares
