"""Classes as pictures: an index with a palette, colours, and colours over the picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.fcn.task import IGNORE, Classes

GREY = (153, 153, 153)  # of IGNORE
OPACITY = 0.55  # of the colours over a picture
STRIP = 64  # rows that are blended at once, as floats


def palette(classes: Classes) -> NDArray[np.uint8]:
    """(256, 3): red, green and blue of each class; IGNORE is grey, what is no class black."""
    colours = np.zeros((256, 3), np.uint8)
    for i, colour in enumerate(classes.colours):
        colours[i] = list(bytes.fromhex(colour[1:]))
    colours[IGNORE] = GREY
    return colours


def index_picture(labels: NDArray[np.uint8], classes: Classes) -> Image.Image:
    """A palette picture whose values are the classes (h, w)."""
    picture = Image.fromarray(np.ascontiguousarray(labels))
    picture.putpalette(palette(classes).tobytes())
    return picture


def as_rgb(image: NDArray) -> Image.Image:
    """A task's picture (h, w, in_ch) as colours: grey if it has no three channels; floats are 0 to 1."""
    if not np.issubdtype(image.dtype, np.integer):
        image = (255 * np.clip(image, 0, 1)).astype(np.uint8)
    shown = image[..., :3] if image.shape[-1] >= 3 else image[..., 0]
    return Image.fromarray(np.ascontiguousarray(shown)).convert("RGB")


def overlay(image: NDArray, labels: NDArray[np.uint8], classes: Classes) -> Image.Image:
    """The picture (h, w, in_ch) with the classes' colours over it; the background is left clear."""
    table = palette(classes).astype(np.float32)
    opacity = np.full(256, OPACITY, np.float32)
    if classes.background is not None:
        opacity[classes.background] = 0
    result = np.empty((*labels.shape, 3), np.uint8)
    for start in range(0, len(labels), STRIP):
        rows = slice(start, start + STRIP)
        below = np.asarray(as_rgb(image[rows]), np.float32)
        share = opacity[labels[rows]][..., None]
        result[rows] = np.rint(below * (1 - share) + table[labels[rows]] * share).astype(np.uint8)
    return Image.fromarray(result)
