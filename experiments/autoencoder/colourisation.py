"""Colourisation: only the luminance is given."""

from collections.abc import Mapping
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from skimage.color import gray2rgb, rgb2yuv, yuv2rgb

from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.task import Method, Pictures, Task

TO_RGB = yuv2rgb(np.eye(3)).astype(np.float32)  # a row for each of Y, U, V


class Colourisation(Task):
    """The network tells by how much U and V differ from the mean colour's; the luminance is as it was."""

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
