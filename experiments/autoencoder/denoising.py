"""Denoising: each value has had noise of deviation 0.1 added."""

from collections.abc import Mapping

import numpy as np
from jax import Array
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.restoration import denoise_nl_means

from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.task import Method, Pictures, Task

NOISE = 0.1
DEVIATION = 0.8  # of the Gaussian kernel, in pixels


class Denoising(Task):
    """The network tells what to add to the noisy picture."""

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
