"""Mosaics: a scene is divided into regions, and each shows a piece of another photograph.

The class of a pixel is the photograph that it is from, which is known exactly. Everything is a
function of the generator handed in.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.task import Sample

MOST_REGIONS = 4
BRIGHTNESS = 0.25  # highest change of a training piece's brightness and contrast, as a share


def mosaic(
    photographs: Sequence[NDArray[np.uint8]],
    size: tuple[int, int],
    rng: np.random.Generator,
    name: str,
    *,
    change: bool = False,
) -> Sample:
    """A scene (h, w) of two to four photographs; `change` flips its pieces and changes their light."""
    chosen = rng.permutation(len(photographs))[: rng.integers(2, MOST_REGIONS + 1)]
    region = nearest(rng.uniform(0, 1, (len(chosen), 2)) * size, size)
    image = np.zeros((*size, 3), np.uint8)
    for i, number in enumerate(chosen):
        here = piece(photographs[number], size, rng)
        image[region == i] = (changed(here, rng) if change else here)[region == i]
    return Sample(image, chosen[region].astype(np.int32), name)


def nearest(centres: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.int64]:
    """For each pixel (h, w) the centre that is nearest: a Voronoi diagram."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    distance = (rows - centres[:, 0, None, None]) ** 2 + (columns - centres[:, 1, None, None]) ** 2
    return distance.argmin(0)


def piece(photograph: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A window of `size` (h, w) anywhere in the photograph."""
    top, left = rng.integers(np.subtract(photograph.shape[:2], size) + 1)
    return photograph[top : top + size[0], left : left + size[1]]


def changed(piece: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Flipped or not, brighter or darker, with more or less contrast."""
    contrast, brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS, 2)
    values = (1 + contrast) * (piece.astype(np.float32) - 128) + 128 * (1 + brightness)
    return np.clip(values, 0, 255).astype(np.uint8)[:, :: rng.choice((1, -1))]
