"""Mosaics: a scene is divided into regions, and each shows a piece of another photograph.

The class of a pixel is the photograph that it is from, which is known exactly. Everything is a
function of the generator handed in. What is drawn at random is drawn first: many scenes can be drawn from
one generator, and a few of them painted.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.task import Sample

MAX_REGIONS = 4
BRIGHTNESS = 0.25  # highest change of a training piece's brightness and contrast, as a share


Photographs = Sequence[NDArray[np.uint8]]


class Change(NamedTuple):
    """Change of a piece's light, as shares, and of its direction."""

    contrast: float
    brightness: float
    direction: int  # -1: flipped


class Plan(NamedTuple):
    """All that is random about a scene (h, w)."""

    size: tuple[int, int]
    chosen: NDArray[np.int64]  # (n,) photographs
    centres: NDArray[np.float64]  # (n, 2) of their regions
    corners: Sequence[tuple[int, int]]  # of their pieces
    changes: Sequence[Change | None]


def mosaic(photographs: Photographs, size: tuple[int, int], rng: np.random.Generator, name: str) -> Sample:
    """A scene (h, w) of two to four photographs as they are."""
    return paint(photographs, draw(photographs, size, rng, change=False), name)


def draw(photographs: Photographs, size: tuple[int, int], rng: np.random.Generator, *, change: bool) -> Plan:
    """Draw a scene (h, w); `change` flips its pieces and changes their light."""
    chosen = rng.permutation(len(photographs))[: rng.integers(2, MAX_REGIONS + 1)]
    centres = rng.uniform(0, 1, (len(chosen), 2)) * size
    corners, changes = [], []
    for number in chosen:
        corners.append(tuple(rng.integers(np.subtract(photographs[number].shape[:2], size) + 1)))
        changes.append(draw_change(rng) if change else None)
    return Plan(size, chosen, centres, corners, changes)


def draw_change(rng: np.random.Generator) -> Change:
    contrast, brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS, 2)
    return Change(contrast, brightness, rng.choice((1, -1)))


def paint(photographs: Photographs, plan: Plan, name: str) -> Sample:
    region = nearest(plan.centres, plan.size)
    image = np.zeros((*plan.size, 3), np.uint8)
    for i, (number, (top, left), change) in enumerate(zip(plan.chosen, plan.corners, plan.changes, strict=True)):
        here = photographs[number][top : top + plan.size[0], left : left + plan.size[1]]
        image[region == i] = (changed(here, change) if change else here)[region == i]
    return Sample(image, plan.chosen[region].astype(np.int32), name)


def nearest(centres: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.int64]:
    """For each pixel (h, w) the centre that is nearest: a Voronoi diagram."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    distance = (rows - centres[:, 0, None, None]) ** 2 + (columns - centres[:, 1, None, None]) ** 2
    return distance.argmin(0)


def changed(piece: NDArray[np.uint8], change: Change) -> NDArray[np.uint8]:
    """Flipped or not, brighter or darker, with more or less contrast."""
    values = (1 + change.contrast) * (piece.astype(np.float32) - 128) + 128 * (1 + change.brightness)
    return np.clip(values, 0, 255).astype(np.uint8)[:, :: change.direction]
