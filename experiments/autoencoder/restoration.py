"""Denoising, in-painting and colourisation: what noise, holes or grey have taken is to be restored."""

from collections.abc import Mapping
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.color import gray2rgb, rgb2yuv, yuv2rgb
from skimage.filters import gaussian
from skimage.restoration import denoise_nl_means, inpaint_biharmonic

from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.task import Method, Pictures, Task

NOISE = 0.1
DEVIATION = 0.8  # of the Gaussian kernel, in pixels
HOLE = 8  # pixels
SHARE = 0.15  # of the pixels, if no two holes overlapped
NEAR = 2.0  # pixels: deviation of the Gaussian weights of a local mean
TO_RGB = yuv2rgb(np.eye(3)).astype(np.float32)  # a row for each of Y, U, V


class Denoising(Task):
    """Each value has had noise of deviation 0.1 added. The network tells what to add to the noisy picture."""

    name = "denoising"
    shape = Shape(in_ch=3, out_ch=3, widths=(32,), depth=3, code_ch=32)

    def given(self, pictures: Pictures, rng: np.random.Generator) -> Pictures:
        noise = NOISE * rng.standard_normal(pictures.shape)
        return (pictures + noise).astype(np.float32)

    def restored(self, network: Autoencoder, given: Array) -> Array:
        return given + network(given - 0.5)

    def baselines(self) -> Mapping[str, Method]:
        return {"noisy": np.asarray, "Gaussian": blurred, "non-local means": by_similar_patches}


def blurred(noisy: Pictures) -> NDArray:
    return gaussian(noisy, DEVIATION, channel_axis=-1)


def by_similar_patches(noisy: Pictures) -> NDArray:
    """Buades, Coll and Morel, CVPR 2005, told how strong the noise is."""
    return denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=0.6 * NOISE, sigma=NOISE, channel_axis=-1)


class Inpainting(Task):
    """Squares of 8×8 pixels are missing. Given are the picture, local means in its holes, and a channel: 1 where known.

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
    """Mean of the known pixels, the nearer ones weighing more."""
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


class Colourisation(Task):
    """Only the luminance is given, and stays. The network tells how far U and V are from the mean colour's."""

    name = "colourisation"
    shape = Shape(in_ch=1, out_ch=2, widths=(32, 64, 64), depth=2, code_ch=64)

    @staticmethod
    def takes(photograph: Pictures) -> bool:
        """Not the grey ones, which have no colour to find."""
        return bool(np.ptp(photograph, axis=-1).any())

    def given(self, pictures: Pictures, rng: np.random.Generator) -> Pictures:
        del rng
        return rgb2yuv(pictures)[..., :1].astype(np.float32)

    def restored(self, network: Autoencoder, given: Array) -> Array:
        return jnp.concatenate([given, network(given - 0.5) + self.mean_colour], axis=-1) @ TO_RGB

    def baselines(self) -> Mapping[str, Method]:
        return {"grey": grey, "mean colour": self.by_mean_colour}

    def by_mean_colour(self, given: Pictures) -> NDArray:
        """One U and one V for all: the mean of the photographs to train on."""
        colour = np.broadcast_to(self.mean_colour, (*given.shape[:-1], 2))
        return np.concatenate([given, colour], axis=-1) @ TO_RGB

    @cached_property
    def mean_colour(self) -> NDArray[np.float32]:
        pixels = np.concatenate([picture.reshape(-1, 3) for picture in self.photographs])
        return rgb2yuv(pixels)[:, 1:].mean(0).astype(np.float32)


def grey(given: Pictures) -> NDArray:
    return gray2rgb(given[..., 0])
