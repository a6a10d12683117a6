"""Which features of which run."""

from dataclasses import dataclass
from pathlib import Path

from experiments.errors import check, check_counts
from experiments.fcn.config import STAGES


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    run: Path = Path("runs/fcn8")
    """Folder of a finished run of experiments.fcn8."""
    stages: tuple[int, ...] = (2, 3, 4, 5)
    """The pools whose features are shown, 1 to 5."""
    features: int = 3
    """How many of each: those whose strongest activations are the largest on average."""
    patches: int = 9
    """Strongest activations of a feature that count, each of another held-out scene."""
    columns: int = 4
    """How many of them are drawn."""
    rectify: bool = True
    """Set what is negative to zero on the way down, as in the article; without, it is the transpose and no more."""
    batch_size: int = 32
    """Scenes at once: bounds the memory."""

    def __post_init__(self) -> None:
        possible = len(self.stages) > 0 and all(1 <= stage <= STAGES for stage in self.stages)
        check(self, "stages", possible, f"numbers from 1 to {STAGES}")
        check_counts(self, "features", "patches", "columns", "batch_size")
        check(self, "columns", self.columns <= self.patches, f"at most `patches` ({self.patches})")
