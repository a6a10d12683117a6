"""The source digits: scikit-learn's bundled 8×8 handwriting, split by the form they were written on."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

NUM_DIGITS = 10
SIDE = 8
# The same form was filled in again and again, so the file's labels repeat from form to form. They
# start afresh (0…9, 0…9) at index 1415: eleven filled-in forms lie before it, three after, and none
# on both sides. Who filled them in, the file does not say.
FIRST_TEST_DIGIT = 1415


class Digits(NamedTuple):
    """Handwritten digits of one split."""

    images: NDArray[np.float32]  # (n, 8, 8), ink in [0, 1]
    labels: NDArray[np.int32]  # (n,)


@cache
def source_digits() -> tuple[Digits, Digits]:
    """The digits of the train forms (1,415) and of the test forms (382)."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, SIDE, SIDE)
    labels = labels.astype(np.int32)
    cut = FIRST_TEST_DIGIT
    return Digits(images[:cut], labels[:cut]), Digits(images[cut:], labels[cut:])
