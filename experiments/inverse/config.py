"""What a run is made of."""

import math
from dataclasses import dataclass
from typing import Literal

from experiments.errors import check, check_seed

SIZE = (427, 640)  # of scikit-learn's photographs


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    photograph: Literal["china", "flower"] = "china"
    """Which of scikit-learn's two photographs."""
    size: tuple[int, int] = (424, 640)
    """Rows and columns, of the middle of the photograph."""
    strides: int = 2
    """Of C: how many pixels of the photograph, per axis, come to one observed."""
    blur: float = 2.0
    """Of C: standard deviation of its Gaussian kernel, in pixels of the photograph."""
    noise: float = 0.004
    """Standard deviation of what is added to C x; the photograph's values are in [0, 1]."""
    penalties: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    """Values of λ to choose from."""
    iterations: int = 60
    """Conjugate gradient steps at most."""
    seed: int = 0
    """Of the noise, and of the probe with which λ is chosen."""

    def __post_init__(self) -> None:
        check(self, "strides", 1 <= self.strides <= 8, "in [1, 8]")
        check(self, "blur", 0 < self.blur <= 8, "above 0 and at most 8")
        fits = all(16 <= size <= most for size, most in zip(self.size, SIZE, strict=True))
        check(self, "size", fits, f"at least 16 and at most {SIZE[0]} rows, {SIZE[1]} columns")
        check(self, "noise", 0 < self.noise < math.inf, "finite and above 0")
        positive = len(self.penalties) > 0 and all(0 < penalty < math.inf for penalty in self.penalties)
        check(self, "penalties", positive, "one number or more, each finite and above 0")
        check(self, "iterations", self.iterations >= 2, "at least 2")
        check_seed(self)
