"""The settings of a run."""

from dataclasses import dataclass

from experiments.errors import check, check_counts, check_seed
from experiments.photographs import smallest_trained

MAX_SCALE = 8


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    scales: tuple[int, ...] = (2, 3, 4)
    """Factors of the size; a network for each. Each goes on from the features of the one before."""
    steps: int = 600
    """Optimiser steps for each scale."""
    batch_size: int = 8
    """Squares per step, cut at random and flipped or turned."""
    crop: int = 32
    """Side of the squares at low resolution, in pixels."""
    width: int = 24
    """Channels of the features."""
    depth: int = 4
    """3×3 convolutions at low resolution, after the first 5×5."""
    learning_rate: float = 3e-3
    """Highest learning rate of Adam."""
    seed: int = 0
    """Seed of the parameters and the squares."""

    def __post_init__(self) -> None:
        distinct = len(set(self.scales)) == len(self.scales) > 0
        within = all(2 <= scale <= MAX_SCALE for scale in self.scales)
        check(self, "scales", distinct and within, f"one or more different numbers from 2 to {MAX_SCALE}")
        check_counts(self, "steps", "batch_size", "width", "depth")
        most = smallest_trained() // max(self.scales)
        check(self, "crop", 4 <= self.crop <= most, f"from 4 to {most} for these scales")
        check(self, "learning_rate", 0 < self.learning_rate < 1, "above 0 and below 1")
        check_seed(self)
