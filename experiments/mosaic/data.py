"""The settings, and mosaics as what a network is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import grain
import numpy as np
from numpy.typing import NDArray

from experiments.errors import check, check_counts
from experiments.fcn import config
from experiments.fcn.pictures import MUTED
from experiments.fcn.task import EVERY, Batch, Classes, Sample, Signature
from experiments.mosaic.scenes import draw, mosaic, paint
from experiments.photographs import MIN_PART_SIDE, NAMES, parts
from jtconv.weights import Preprocessing

TRAIN, TEST = 0, 1  # the first entry of each generator's seed, so that the two never meet
CLASSES = Classes(NAMES, tuple(MUTED[: len(NAMES)]))
TEST_SIZES = (64, 128)  # of held-out scenes, least and most


@dataclass(frozen=True)
class Config(config.Config):
    """The settings of a run, and of the mosaics that it is about."""

    steps: int = 600
    """Optimiser steps."""
    size: int = 96
    """Height and width of training mosaics, in pixels; the held-out ones have other sizes."""
    test_scenes: int = 200
    """Held-out mosaics."""

    def __post_init__(self) -> None:
        check_counts(self, "test_scenes")
        check(self, "size", 16 <= self.size <= MIN_PART_SIDE, f"from 16 to {MIN_PART_SIDE}")
        super().__post_init__()


class MosaicTask:
    """Fresh mosaics of the photographs' left parts; held-out ones of their right parts, of many sizes.

    The held-out ones are the same for every seed.
    """

    classes = CLASSES
    signature = Signature(3, len(NAMES), Preprocessing.torch())

    def __init__(self, config: Config):
        self.config = config
        self.test: Sequence[Sample] = [held_out(i) for i in range(config.test_scenes)]

    def batches(self, rows: slice = EVERY) -> grain.MapDataset[Batch]:
        return grain.MapDataset.range(1, self.config.steps + 1).map(lambda step: self.batch(step, rows))

    def batch(self, step: int, rows: slice = EVERY) -> Batch:
        photographs, size = parts().train, (self.config.size, self.config.size)
        rng = np.random.default_rng((TRAIN, self.config.seed, step))
        plans = [draw(photographs, size, rng, change=True) for _ in range(self.config.batch_size)]
        images, labels, _ = zip(*(paint(photographs, plan, "") for plan in plans[rows]), strict=True)
        return Batch(np.stack(images), np.stack(labels))


def held_out(number: int) -> Sample:
    """A mosaic as the photographs are, of a size of its own."""
    return of_some_size(parts().test, TEST_SIZES, np.random.default_rng((TEST, number)), f"mosaic {number}")


def of_some_size(
    photographs: Sequence[NDArray[np.uint8]], sizes: tuple[int, int], rng: np.random.Generator, name: str
) -> Sample:
    """A mosaic of the photographs as they are, with height and width in `sizes`, both included."""
    height, width = rng.integers(sizes[0], sizes[1] + 1, 2)
    return mosaic(photographs, (int(height), int(width)), rng, name)
