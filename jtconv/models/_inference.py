"""Scores and classes of pictures of any size, by few compiled programs.

A program is compiled for a shape. Pictures are padded to the next of a few sizes per doubling, and
many sizes share a batch. The scores are those of the picture alone: what a convolution reads outside
of the picture is set to zero, layer by layer, as the convolution's own padding would be.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, lax
from numpy.typing import NDArray

from jtconv.models._model import Model
from jtconv.models._vgg import DEPTHS
from jtconv.nn import Conv, ConvTranspose

MAX_STAGES = len(DEPTHS)  # of a network that is saved and predicts
FACTOR = 2**MAX_STAGES  # networks pad to multiples of this, or of a divisor
STEPS = 4  # sizes per doubling: an axis is computed at most a quarter longer than it is
BATCH_PIXELS = 2**19  # of a program: bounds the memory
WINDOW_PIXELS, WINDOW = 2**24, 64  # of the pictures held while they are sorted by size


def classes_of(model: Model, images: Iterable[NDArray]) -> Iterator[NDArray[np.uint8]]:
    """The likeliest class of every pixel (h, w) of each picture (h, w, in_ch), in order."""
    for window in windows(images):
        yield from classes_of_window(model, window)


def scores_of(model: Model, image: NDArray) -> NDArray[np.float32]:
    """The scores (h, w, num_classes) of a picture (h, w, in_ch)."""
    height, width = image.shape[:2]
    return run(model, [image], bucket(model, height, width), decide=False)[0, :height, :width]


def windows(images: Iterable[NDArray]) -> Iterator[list[NDArray]]:
    """Runs of pictures that are held in memory together."""
    window, pixels = [], 0
    for image in images:
        window.append(image)
        pixels += image.shape[0] * image.shape[1]
        if len(window) == WINDOW or pixels >= WINDOW_PIXELS:
            yield window
            window, pixels = [], 0
    if window:
        yield window


def classes_of_window(model: Model, images: Sequence[NDArray]) -> list[NDArray[np.uint8]]:
    by_bucket: dict[tuple[int, int], list[int]] = {}
    for i, image in enumerate(images):
        by_bucket.setdefault(bucket(model, *image.shape[:2]), []).append(i)
    results: dict[int, NDArray[np.uint8]] = {}
    for size, members in by_bucket.items():
        at_once = power_of_two(max(1, BATCH_PIXELS // (size[0] * size[1])))
        for start in range(0, len(members), at_once):
            chunk = members[start : start + at_once]
            for i, classes in zip(chunk, run(model, [images[i] for i in chunk], size, decide=True), strict=False):
                height, width = images[i].shape[:2]
                results[i] = classes[:height, :width]
    return [results[i] for i in range(len(images))]


def bucket(model: Model, height: int, width: int) -> tuple[int, int]:
    """The size that a picture is padded to: its own where padding would not leave its scores alone."""
    return (height, width) if pads_around(model) else (padded(height), padded(width))


def pads_around(model: Model) -> bool:
    """Whether the first convolution pads more than its kernel needs (100 in the original network).

    What lies beside the picture then counts, and the layers' sizes are no whole parts of it.
    """
    network: Any = nnx.merge(model.network, model.parameters, model.statistics)
    return bool(getattr(network, "border", 0))


def padded(size: int) -> int:
    """The next of `STEPS` sizes per doubling, all of them multiples of `FACTOR`: 32, 64, … 256, 320, 384, …"""
    step = max(FACTOR, 2 ** ((size - 1).bit_length() - 1) // STEPS)
    return -(-size // step) * step


def power_of_two(n: int) -> int:
    """The largest that is at most n."""
    return 2 ** (n.bit_length() - 1)


def run(model: Model, images: Sequence[NDArray], size: tuple[int, int], *, decide: bool) -> NDArray:
    """Scores or classes (n, *size, …) of pictures that fit in `size`; n is a power of two, of which some are void."""
    n = 2 * power_of_two(len(images)) if len(images) & (len(images) - 1) else len(images)
    batch = np.zeros((n, *size, images[0].shape[-1]), images[0].dtype)
    extents = np.zeros((n, 2), np.int32)
    for i, image in enumerate(images):
        height, width = extents[i] = image.shape[:2]
        batch[i, :height, :width] = image
    full = (extents == size).all()
    program = (model.network, model.signature.preprocessing, decide)
    arrays = (model.parameters, model.statistics, batch, None if full else extents)
    return np.asarray(compute(*program, *arrays))


@partial(jax.jit, static_argnums=(0, 1, 2))
def compute(
    network: nnx.GraphDef,
    preprocessing: Any,
    decide: bool,
    parameters: nnx.State,
    statistics: nnx.State,
    images: Array,
    extents: Array | None,
) -> Array:
    """Scores, or classes if `decide`, of images (n, h, w, in_ch) of which the upper left `extents` (n, 2) count."""
    model = nnx.merge(network, parameters, statistics, copy=True)
    scores = apply(model, preprocessing(images), extents)
    return jnp.argmax(scores, axis=-1).astype(jnp.uint8) if decide else scores


def apply(model: Any, x: Array, extents: Array | None) -> Array:
    """The scores of preprocessed pictures. `model` is changed: it no longer trains."""
    model.eval()
    model.set_attributes(remat=False, raise_if_not_found=False)  # there is no gradient
    if extents is None:
        return model(x)
    size = x.shape[-3], x.shape[-2]
    x = within(x, size, extents)
    if getattr(model, "border", 0):  # see `pads_around`: this is as near as it gets
        return model(x)
    # The network's own padding is zero in the picture only. From the first layer on it counts as picture.
    factor = model.coarsest_factor
    whole = lax.div(extents + (factor - 1), np.int32(factor)) * factor
    mask_inputs(model, partial(within, size=size, extents=whole))
    return model(x)


def within(x: Array, size: tuple[int, int], extents: Array) -> Array:
    """x (n, h, w, c) where it is in the picture, else zero; `extents` are in pixels of pictures of `size`."""
    # The layers' sizes divide the picture's, also where an export leaves both open.
    factor = np.array([whole // own for whole, own in zip(size, x.shape[-3:-1], strict=True)], np.int32)
    reach = lax.div(extents, jnp.broadcast_to(factor, extents.shape))
    rows = jnp.arange(x.shape[-3]) < reach[:, :1]
    columns = jnp.arange(x.shape[-2]) < reach[:, 1:]
    return jnp.where((rows[:, :, None] & columns[:, None, :])[..., None], x, jnp.zeros_like(x))


class Masked(nnx.Module):
    """A convolution whose input counts only where `inside` leaves it."""

    def __init__(self, conv: nnx.Module, inside: Any):
        self.conv, self.inside = conv, inside

    def __call__(self, x: Array) -> Array:
        return self.conv(self.inside(x))


def mask_inputs(model: nnx.Module, inside: Any) -> None:
    """Put `inside` before every convolution that sees more than one pixel."""
    for _, module in list(nnx.iter_modules(model)):
        for name, child in list(vars(module).items()):
            if isinstance(child, Conv | ConvTranspose) and max(child.kernel[...].shape[:-2]) > 1:
                setattr(module, name, Masked(child, inside))
