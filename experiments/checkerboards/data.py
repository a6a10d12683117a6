"""The settings; and pieces of photographs, with the same four times smaller."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.errors import check, check_seed
from experiments.photographs import parts

SIDE, SCALE = 64, 4  # of a piece, and how many times smaller what a generator is given is
Images = NDArray[np.float32]


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    steps: int = 300
    """Training steps for each generator."""
    batch_size: int = 8
    """Pieces of photographs in a step."""
    channels: int = 16
    """Channels of the layers within a generator."""
    pieces: int = 256
    """Pieces of photographs to train on; a quarter as many, of other parts, to test on."""
    learning_rate: float = 3e-3
    """Adam's learning rate at first; it falls to 0."""
    seeds: int = 3
    """Repetitions with other random numbers; means are shown."""
    seed: int = 0
    """Seed of the first repetition."""

    def __post_init__(self) -> None:
        check(self, "steps", self.steps >= 1, "at least 1")
        check(self, "batch_size", self.batch_size >= 1, "at least 1")
        check(self, "channels", self.channels >= 1, "at least 1")
        check(self, "pieces", self.pieces >= 32, "at least 32")
        check(self, "learning_rate", 0 < self.learning_rate < 1, "in (0, 1)")
        check(self, "seeds", self.seeds >= 1, "at least 1")
        check_seed(self)


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
