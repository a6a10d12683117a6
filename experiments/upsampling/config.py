"""What is compared."""

from dataclasses import dataclass

from experiments.errors import check, check_seed


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    scale: int = 2
    """How many times larger, per axis."""
    size: tuple[int, int] = (64, 64)
    """Of the input of the layer that is timed."""
    channels: int = 32
    """Into and out of that layer."""
    seconds: float = 0.0
    """To time each way for, at least; 0: not at all."""
    steps: int = 300
    """Of the training that looks for a kernel."""
    seed: int = 0
    """Of everything drawn."""

    def __post_init__(self) -> None:
        check(self, "scale", 2 <= self.scale <= 4, "in [2, 4]")
        check(self, "size", all(4 <= size <= 1024 for size in self.size), "in [4, 1024] on each axis")
        check(self, "channels", 1 <= self.channels <= 512, "in [1, 512]")
        check(self, "seconds", 0 <= self.seconds <= 60, "in [0, 60]")
        check(self, "steps", 2 <= self.steps <= 10_000, "in [2, 10000]")
        check_seed(self)
