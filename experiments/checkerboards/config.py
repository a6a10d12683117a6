"""What is trained, and on how much."""

from dataclasses import dataclass

from experiments.errors import check, check_seed


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    steps: int = 300
    """Of training, for each generator."""
    batch_size: int = 8
    """Pieces of photographs in a step."""
    channels: int = 16
    """Of the layers within a generator."""
    pieces: int = 256
    """Of photographs to train on; a quarter as many, of other parts of them, to test on."""
    learning_rate: float = 3e-3
    """Adam's, at first; it falls to 0."""
    seeds: int = 3
    """How many times all is done, with other random numbers; means are shown."""
    seed: int = 0
    """The first of them."""

    def __post_init__(self) -> None:
        check(self, "steps", self.steps >= 1, "at least 1")
        check(self, "batch_size", self.batch_size >= 1, "at least 1")
        check(self, "channels", self.channels >= 1, "at least 1")
        check(self, "pieces", self.pieces >= 32, "at least 32")
        check(self, "learning_rate", 0 < self.learning_rate < 1, "in (0, 1)")
        check(self, "seeds", self.seeds >= 1, "at least 1")
        check_seed(self)
