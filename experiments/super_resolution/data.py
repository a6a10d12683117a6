"""Photographs at low resolution, and the luminance that networks and measures see."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2yuv

from experiments.photographs import Crops

COPIES = (1, 0.75, 0.5)  # shares of a photograph's size
Photograph = NDArray[np.uint8]  # (h, w, 3)
Plane = NDArray[np.float32]  # (h, w, 1), in [0, 1]


class Pair(NamedTuple):
    """A photograph and what is known of it, `scale` times smaller."""

    low: Photograph
    high: Photograph


def pair(photograph: Photograph, scale: int) -> Pair:
    """The photograph, cut to a multiple of `scale`, and made smaller as an image program does it.

    By Pillow's bicubic kernel, which is widened by `scale` when it makes smaller (so that it is antialiased),
    and rounded to 8 bits.
    """
    rows, columns = (size // scale for size in photograph.shape[:2])
    high = photograph[: rows * scale, : columns * scale]
    return Pair(smaller(high, rows, columns), high)


def smaller(photograph: Photograph, rows: int, columns: int) -> Photograph:
    return np.asarray(Image.fromarray(photograph).resize((columns, rows), Image.Resampling.BICUBIC))


def luminance(photograph: Photograph) -> Plane:
    """0.299 R + 0.587 G + 0.114 B (BT.601)."""
    return rgb2yuv(photograph)[..., :1].astype(np.float32)


def training_crops(photographs: Iterable[Photograph], scale: int, size: int) -> Crops:
    """Squares of `size` pixels of low resolution with what they should become.

    Of smaller copies of the photographs too, where a square fits into them: they are sharper, and have their details
    at other sizes.
    """
    copies = [copy(photograph, share) for photograph in photographs for share in COPIES]
    pairs = [pair(each, scale) for each in copies if min(each.shape[:2]) >= size * scale]
    return Crops([(luminance(p.low), luminance(p.high)) for p in pairs], size)


def copy(photograph: Photograph, share: float) -> Photograph:
    """The photograph itself where `share` is 1."""
    rows, columns = (round(share * side) for side in photograph.shape[:2])
    return smaller(photograph, rows, columns)
