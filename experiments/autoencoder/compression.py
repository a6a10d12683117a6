"""Compression: 12 numbers for each block of 8×8 pixels of three colours, a sixteenth of the photograph's."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import TruncatedSVD

from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.task import Method, Pictures, Task

SMALLER = 4  # a picture so many times smaller per axis has as many numbers as the code
BLOCKS = 20_000  # at most, that the principal components are found from


class Compression(Task):
    """The code is all that the decoder sees."""

    name = "compression"
    shape = Shape(in_ch=3, out_ch=3, widths=(32, 64, 64), depth=1, code_ch=12)

    def given(self, pictures: Pictures, rng: np.random.Generator) -> Pictures:
        del rng
        return pictures

    def network(self, rngs: nnx.Rngs) -> Autoencoder:
        """It begins as the principal components."""
        size = self.shape.factor
        kernel = np.reshape(np.asarray(self.components.components_), (self.shape.code_ch, size, size, 3))
        return Autoencoder(self.shape, block_kernel=np.moveaxis(kernel, 0, -1).astype(np.float32), rngs=rngs)

    def restored(self, network: Autoencoder, given: Array) -> Array:
        return network(given - 0.5) + 0.5

    def baselines(self) -> Mapping[str, Method]:
        return {"smaller, then bicubic": smaller_and_back, "principal components": self.by_components}

    @cached_property
    def components(self) -> TruncatedSVD:
        """The linear code of blocks that loses least: C and Cᵀ with strides as large as the kernel."""
        blocks = np.concatenate([in_blocks(picture - 0.5, self.shape.factor) for picture in self.photographs])
        chosen = np.random.default_rng(0).permutation(len(blocks))[:BLOCKS]
        return TruncatedSVD(self.shape.code_ch, random_state=0).fit(blocks[chosen])

    def by_components(self, picture: Pictures) -> NDArray:
        blocks = in_blocks(picture - 0.5, self.shape.factor)
        blocks = self.components.inverse_transform(self.components.transform(blocks))
        return from_blocks(blocks, picture.shape) + 0.5


def smaller_and_back(picture: Pictures) -> NDArray:
    """Means of squares, enlarged by Pillow."""
    rows, columns, _ = picture.shape
    planes = (Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(picture, -1, 0))
    small = (plane.resize((columns // SMALLER, rows // SMALLER), Image.Resampling.BOX) for plane in planes)
    return np.stack([np.asarray(plane.resize((columns, rows), Image.Resampling.BICUBIC)) for plane in small], -1)


def in_blocks(picture: NDArray, size: int) -> NDArray:
    """(h, w, ch) -> (blocks, size·size·ch); what lies beyond the last whole block is left out."""
    rows, columns = (length // size for length in picture.shape[:2])
    whole = picture[: rows * size, : columns * size].reshape(rows, size, columns, size, -1)
    return whole.swapaxes(1, 2).reshape(rows * columns, -1)


def from_blocks(blocks: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Undo `in_blocks`, for whole blocks."""
    rows, columns, ch = shape
    size = round((blocks.shape[1] / ch) ** 0.5)
    return blocks.reshape(rows // size, columns // size, size, size, ch).swapaxes(1, 2).reshape(shape)
