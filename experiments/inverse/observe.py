"""The photograph x, the convolution C, and what is observed: y = C x + noise."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from experiments.inverse.config import SIZE, Config
from jtconv import ConvOperator

COLOURS = 3
Image = NDArray[np.float32]


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
