"""The settings of a run on digits."""

from dataclasses import dataclass, field
from pathlib import Path

from experiments.errors import check_counts
from experiments.fcn import config
from experiments.fcn8.scenes import Augmentation
from experiments.files import resolve


@dataclass(frozen=True)
class Config(config.Config):
    """The settings of a run, and of the digits that it is about."""

    data: Path | None = None
    """Folder with M2NIST's combined.npy and segmented.npy; scenes of real digits if left out."""
    test_scenes: int = 300
    """Held-out scenes."""
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(rotation=0.15, shear=0.15, stretch=0.15, shift=0.5)
    )

    def __post_init__(self) -> None:
        resolve(self, "data")
        check_counts(self, "test_scenes")
        self.augmentation.check()
        super().__post_init__()
