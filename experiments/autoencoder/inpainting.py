"""In-painting: squares of 8×8 pixels are missing."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.restoration import inpaint_biharmonic

from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.task import Method, Pictures, Task

HOLE = 8  # pixels
SHARE = 0.15  # of the pixels, if no two holes overlapped
NEAR = 2.0  # pixels: deviation of the Gaussian weights of a local mean


class Inpainting(Task):
    """What is given is the picture, its holes filled with local means, and a channel that is 1 where it is known.

    The network adds to what fills the holes; what is known stays as it is.
    """

    name = "in-painting"
    shape = Shape(in_ch=4, out_ch=3, widths=(32,), depth=3, code_ch=32)

    def given(self, pictures: Pictures, rng: np.random.Generator) -> Pictures:
        known = np.ones((*pictures.shape[:-1], 1), np.float32)
        for mask in known.reshape(-1, *known.shape[-3:]):
            make_holes(mask, rng)
        return np.concatenate([np.where(known == 1, pictures, local_mean(pictures, known)), known], axis=-1)

    def restored(self, network: Autoencoder, given: Array) -> Array:
        pictures, known = jnp.split(given, [3], axis=-1)
        return jnp.where(known == 1, pictures, pictures + network(given - 0.5))

    def baselines(self) -> Mapping[str, Method]:
        return {"mean colour": by_mean_colour, "local mean": without_mask, "biharmonic": biharmonic}

    def judged(self, given: Pictures) -> NDArray[np.bool_]:
        return given[..., 3] == 0


def make_holes(known: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Sets (h, w, 1) to zero in squares at random places."""
    rows, columns, _ = known.shape
    for _ in range(round(SHARE * rows * columns / HOLE**2)):
        top, left = rng.integers((rows - HOLE + 1, columns - HOLE + 1))
        known[top : top + HOLE, left : left + HOLE] = 0


def local_mean(pictures: Pictures, known: NDArray[np.float32]) -> Pictures:
    """Of the known pixels, the nearer ones weighing more."""
    total, weight = (gaussian_filter(x, NEAR, axes=(-3, -2), mode="constant") for x in (known * pictures, known))
    return np.divide(total, np.maximum(weight, np.finfo(np.float32).tiny), dtype=np.float32)


def by_mean_colour(given: Pictures) -> NDArray:
    known = given[..., 3:] == 1
    return np.where(known, given[..., :3], given[..., :3].mean((0, 1), where=known))


def without_mask(given: Pictures) -> NDArray:
    return given[..., :3]


def biharmonic(given: Pictures) -> NDArray:
    """The smoothest continuation from the borders of each hole."""
    return inpaint_biharmonic(given[..., :3], given[..., 3] == 0, split_into_regions=True, channel_axis=-1)
