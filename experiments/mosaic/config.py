"""The settings of a run on mosaics."""

from dataclasses import dataclass

from experiments.errors import check, check_counts
from experiments.fcn import config
from experiments.photographs import SMALLEST_PART


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
        check(self, "size", 16 <= self.size <= SMALLEST_PART, f"from 16 to {SMALLEST_PART}")
        super().__post_init__()
