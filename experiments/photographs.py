"""Photographs that ship inside scikit-image and scikit-learn, parts of them held out; and random squares of them."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from skimage import data
from skimage.color import gray2rgb
from sklearn.datasets import load_sample_image

# The file or function that gives each, by what is seen in it.
SKIMAGE = {
    "brick": data.brick,
    "grass": data.grass,
    "gravel": data.gravel,
    "tissue": data.immunohistochemistry,
    "cat": data.chelsea,
    "coffee": data.coffee,
}
SKLEARN = {"temple": "china.jpg", "flower": "flower.jpg"}
NAMES = (*SKIMAGE, *SKLEARN)
MORE = {"astronaut": data.astronaut, "rocket": data.rocket, "camera": data.camera, "coins": data.coins}
UNSEEN = ("cat", "temple")  # of which `split` gives nothing to train on
# Shares of a photograph's width. What lies between is in neither part, so that nothing that goes on
# from one pixel to the next is in both.
TRAIN_ENDS, TEST_BEGINS = 0.6, 0.7


class Parts(NamedTuple):
    """The same photographs' left and right, in the order of NAMES: (h, w, 3), uint8."""

    train: tuple[NDArray[np.uint8], ...]
    test: tuple[NDArray[np.uint8], ...]


@cache
def parts() -> Parts:
    """Every photograph of NAMES in two parts that share no pixel."""
    return Parts(*(tuple(part.values()) for part in halves(NAMES)))


class Split(NamedTuple):
    """Photographs by name: (h, w, 3), uint8."""

    train: dict[str, NDArray[np.uint8]]  # left parts
    right: dict[str, NDArray[np.uint8]]  # right parts of the same photographs
    unseen: dict[str, NDArray[np.uint8]]  # whole photographs, of which nothing is in `train`


@cache
def split() -> Split:
    """Ten photographs in two parts that share no pixel, and two that are held out altogether."""
    seen = [name for name in (*NAMES, *MORE) if name not in UNSEEN]
    return Split(*halves(seen), {name: photograph(name) for name in UNSEEN})


def smallest_trained() -> int:
    """The shortest side in `split().train`. On call: who takes `parts` alone need not read twelve photographs."""
    return min(min(p.shape[:2]) for p in split().train.values())


def halves(names: Sequence[str]) -> tuple[dict[str, NDArray[np.uint8]], dict[str, NDArray[np.uint8]]]:
    """The left and the right parts by name, which share no pixel."""
    pictures = {name: photograph(name) for name in names}
    left = {name: x[:, : round(TRAIN_ENDS * x.shape[1])] for name, x in pictures.items()}
    return left, {name: x[:, round(TEST_BEGINS * x.shape[1]) :] for name, x in pictures.items()}


def photograph(name: str) -> NDArray[np.uint8]:
    """(h, w, 3); a grey one has three channels alike."""
    picture = load_sample_image(SKLEARN[name]) if name in SKLEARN else (SKIMAGE | MORE)[name]()
    return picture if picture.ndim == 3 else gray2rgb(picture)


MIN_PART_SIDE = min(min(p.shape[:2]) for p in parts().train)


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
