"""The settings of a run."""

from dataclasses import dataclass
from typing import Literal, get_args

from experiments.errors import check, check_counts, check_seed
from experiments.photographs import smallest_trained

TaskName = Literal["compression", "denoising", "in-painting", "colourisation"]


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    tasks: tuple[TaskName, ...] = get_args(TaskName)
    """Tasks to train for; a network for each."""
    steps: int = 800
    """Optimiser steps for each task."""
    batch_size: int = 4
    """Squares per step, cut at random and flipped or turned."""
    crop: int = 48
    """Side of the squares, in pixels."""
    learning_rate: float = 3e-3
    """Highest learning rate of Adam."""
    seed: int = 0
    """Seed of the parameters, the squares and their damage; held-out photographs have the same damage for all."""

    def __post_init__(self) -> None:
        check(self, "tasks", len(set(self.tasks)) == len(self.tasks) > 0, "one or more different ones")
        check_counts(self, "steps", "batch_size")
        most = smallest_trained()
        check(self, "crop", 16 <= self.crop <= most and self.crop % 8 == 0, f"a multiple of 8 from 16 to {most}")
        check(self, "learning_rate", 0 < self.learning_rate < 1, "above 0 and below 1")
        check_seed(self)
