"""Pieces of photographs, and the same four times smaller."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.checkerboards.config import Config
from experiments.photographs import parts

SIDE, SCALE = 64, 4  # of a piece, and how many times smaller what a generator is given is
Images = NDArray[np.float32]


class Pieces(NamedTuple):
    """(n, SIDE, SIDE, 3) each, values in [-1/2, 1/2]."""

    train: Images
    test: Images


def pieces(config: Config) -> Pieces:
    """Train and test are of parts of the photographs that share no pixel."""
    rng = np.random.default_rng(config.seed)
    train, test = parts()
    return Pieces(cut(train, config.pieces, rng), cut(test, config.pieces // 4, rng))


def cut(photographs: tuple[NDArray[np.uint8], ...], count: int, rng: np.random.Generator) -> Images:
    """Equally many of each, wherever the generator says."""
    cuts = []
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        row, column = (rng.integers(size - SIDE + 1) for size in photograph.shape[:2])
        cuts.append(photograph[row : row + SIDE, column : column + SIDE])
    return np.stack(cuts).astype(np.float32) / np.float32(255) - np.float32(0.5)


def smaller(images: Images) -> Images:
    """The means of SCALE×SCALE blocks."""
    count, side = len(images), SIDE // SCALE
    blocks = images.reshape(count, side, SCALE, side, SCALE, 3)
    return blocks.mean(axis=(2, 4)).astype(np.float32)
