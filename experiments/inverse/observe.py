"""The settings, the photograph x, the convolution C, and the observation y = C x + noise."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from experiments.errors import check, check_seed
from jtconv import ConvOperator

SIZE = (427, 640)  # of scikit-learn's photographs
COLOURS = 3
Image = NDArray[np.float32]


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    photograph: Literal["china", "flower"] = "china"
    """Name of one of scikit-learn's two photographs."""
    size: tuple[int, int] = (424, 640)
    """Rows and columns, of the middle of the photograph."""
    strides: int = 2
    """Strides of C: pixels of the photograph, per axis, for one observed."""
    blur: float = 2.0
    """Standard deviation of C's Gaussian kernel, in pixels of the photograph."""
    noise: float = 0.004
    """Standard deviation of what is added to C x; the photograph's values are in [0, 1]."""
    penalties: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    """Values of λ to choose from."""
    iterations: int = 60
    """Conjugate gradient steps at most."""
    seed: int = 0
    """Seed of the noise, and of the probe with which λ is chosen."""

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


class Observation(NamedTuple):
    """y and all that is known of how it came about; the photograph only to measure errors by."""

    photograph: Image  # (rows, columns, 3), in [0, 1]
    operator: ConvOperator  # C
    differences: ConvOperator  # D, of neighbours
    y: NDArray[np.float32]  # a vector

    @property
    def low_resolution(self) -> Image:
        """y as an image."""
        return self.y.reshape(*self.operator.spec.output_size, COLOURS)


def observe(config: Config) -> Observation:
    x = photograph(config)
    size = x.shape[:-1]
    kernel, reach = gaussian(config.blur)
    operator = ConvOperator(kernel, size, strides=config.strides, padding=reach, padding_mode="reflect", groups=COLOURS)
    # The last pixel of a line has none after it: with itself repeated its difference is zero.
    beyond = ((0, 1), (0, 1))
    differences = ConvOperator(neighbour_differences(), size, padding=beyond, padding_mode="replicate", groups=COLOURS)
    noise = config.noise * np.random.default_rng(config.seed).standard_normal(operator.shape[0], np.float32)
    return Observation(x, operator, differences, np.asarray(operator @ x.ravel()) + noise)


def photograph(config: Config) -> Image:
    """The middle of a real photograph."""
    image = load_sample_image(f"{config.photograph}.jpg").astype(np.float32) / 255
    top, left = ((most - size) // 2 for most, size in zip(SIZE, config.size, strict=True))
    return image[top : top + config.size[0], left : left + config.size[1]]


def gaussian(deviation: float) -> tuple[Image, int]:
    """A kernel (k, k, 1, 3) that sums to 1 for each colour, and how far it reaches from its middle."""
    reach = int(np.ceil(3 * deviation))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    plane = np.outer(line, line) / line.sum() ** 2
    return np.repeat(plane[..., None, None], COLOURS, axis=-1).astype(np.float32), reach


def neighbour_differences() -> Image:
    """A kernel (2, 2, 1, 6): of each colour, the next pixel to the right and the next below minus this one."""
    kernel = np.zeros((2, 2, 1, 2), np.float32)
    kernel[0, 0] = -1
    kernel[0, 1, :, 0] = kernel[1, 0, :, 1] = 1
    return np.tile(kernel, COLOURS)
