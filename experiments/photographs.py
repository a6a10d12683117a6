"""Eight photographs that ship inside scikit-image and scikit-learn: one part to train on, one to test on."""

from functools import cache
from typing import NamedTuple

import numpy as np
import skimage.data
from numpy.typing import NDArray
from skimage.color import gray2rgb
from sklearn.datasets import load_sample_image

# The file or function that gives each, by what is seen in it.
SKIMAGE = {
    "brick": skimage.data.brick,
    "grass": skimage.data.grass,
    "gravel": skimage.data.gravel,
    "tissue": skimage.data.immunohistochemistry,
    "cat": skimage.data.chelsea,
    "coffee": skimage.data.coffee,
}
SKLEARN = {"temple": "china.jpg", "flower": "flower.jpg"}
NAMES = (*SKIMAGE, *SKLEARN)
# Shares of a photograph's width. What lies between is in neither part, so that nothing that goes on
# from one pixel to the next is in both.
TRAIN_ENDS, TEST_BEGINS = 0.6, 0.7


class Parts(NamedTuple):
    """The same photographs' left and right, in the order of NAMES: (h, w, 3), uint8."""

    train: tuple[NDArray[np.uint8], ...]
    test: tuple[NDArray[np.uint8], ...]


@cache
def parts() -> Parts:
    """Every photograph in two parts that share no pixel."""
    pictures = [photograph(name) for name in NAMES]
    train = tuple(p[:, : round(TRAIN_ENDS * p.shape[1])] for p in pictures)
    return Parts(train, tuple(p[:, round(TEST_BEGINS * p.shape[1]) :] for p in pictures))


def photograph(name: str) -> NDArray[np.uint8]:
    """(h, w, 3); a grey one has three channels alike."""
    picture = SKIMAGE[name]() if name in SKIMAGE else load_sample_image(SKLEARN[name])
    return picture if picture.ndim == 3 else gray2rgb(picture)


SMALLEST_PART = min(min(p.shape[:2]) for p in parts().train)
