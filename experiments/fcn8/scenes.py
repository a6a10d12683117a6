"""Scenes in the M2NIST form, composed from source digits: 64×84, one to three of them, 11 classes.

A digit is enlarged from 8×8 to a side of 20 to 28 pixels in a 28×28 box (MNIST's box, in which the
ink is 20 pixels high), boxes are put down at random so that they do not overlap, and a pixel bears
the digit's class where the enlarged ink exceeds `INK`, else `BACKGROUND`. Everything is a function
of the generator handed in, and nothing loops over scenes. What is drawn at random is drawn for a whole batch,
and pixels are computed for the scenes that are asked for: they are the same whichever those are.
"""

import sys
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.task import EVERY
from experiments.fcn8.digits import NUM_DIGITS, SIDE, Digits

HEIGHT, WIDTH = 64, 84
BOX = 28
MAX_DIGITS = 3
BACKGROUND = NUM_DIGITS
NUM_CLASSES = NUM_DIGITS + 1
CLASS_NAMES = (*map(str, range(NUM_DIGITS)), "bg")
INK = 0.4
MIN_SIDE, MAX_SIDE = 20.0, 28.0
# About one arrangement of three boxes in fifty is free of overlap, so 256 draws nearly always hold
# one; the rest fall back on boxes side by side, which always fit: 3 · 28 = 84.
ARRANGEMENTS = 256


class Scenes(NamedTuple):
    """A batch of pictures and the class of each of their pixels."""

    images: NDArray[np.float32]  # (n, 64, 84, 1), in [0, 1]
    labels: NDArray[np.int32]  # (n, 64, 84), 10 = background


@dataclass(frozen=True)
class Augmentation:
    """Random bends of training digits: each amount is the half-width of a uniform draw."""

    rotation: float = 0.0
    """Turn, in radians."""
    shear: float = 0.0
    """Slant: pixels sideways per pixel up."""
    stretch: float = 0.0
    """Logarithm of height over width."""
    shift: float = 0.0
    """Move within the box, in pixels."""
    fade: float = 0.0
    """Loss of intensity, as a share."""

    def check(self) -> None:
        """Raise ValueError for an amount out of bounds."""
        for name, amount in asdict(self).items():
            highest, rule = (1, "in [0, 1]") if name == "fade" else (sys.float_info.max, "finite and at least 0")
            if not 0 <= amount <= highest:
                raise ValueError(f"`augmentation.{name}` must be {rule}, got {amount!r}.")


PLAIN = Augmentation()


def compose(
    digits: Digits, count: int, rng: np.random.Generator, augmentation: Augmentation = PLAIN, rows: slice = EVERY
) -> Scenes:
    """`rows`, a run, of `count` scenes of digits drawn with replacement from `digits`."""
    number = rng.integers(1, MAX_DIGITS + 1, count)
    shown = np.arange(MAX_DIGITS) < number[:, None]
    corners = place_boxes(shown, rng)[shown]
    chosen = rng.integers(len(digits.labels), size=len(corners))
    bends = draw_bends(len(chosen), rng, augmentation)
    fade = 1 - rng.uniform(0, augmentation.fade, (len(chosen), 1, 1)).astype(np.float32)
    scene = np.nonzero(shown)[0]

    first, stop, _ = rows.indices(count)
    here = (first <= scene) & (scene < stop)
    scene, corners, chosen, fade = scene[here] - first, corners[here], chosen[here], fade[here]
    ink = enlarge(digits.images[chosen], Bends(*(each[here] for each in bends)))
    classes = np.where(ink > INK, digits.labels[chosen, None, None], BACKGROUND)
    return Scenes(
        paste(ink * fade, scene, corners, stop - first, empty=0.0)[..., None],
        paste(classes.astype(np.int32), scene, corners, stop - first, empty=BACKGROUND),
    )


def place_boxes(shown: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Corners (count, 3, 2) such that no two shown boxes of a scene overlap."""
    size = (len(shown), ARRANGEMENTS, MAX_DIGITS, 2)
    corners = rng.integers((HEIGHT - BOX + 1, WIDTH - BOX + 1), size=size)
    corners[:, -1] = [(HEIGHT - BOX) // 2, 0], [(HEIGHT - BOX) // 2, BOX], [HEIGHT - BOX, 2 * BOX]
    first, second = np.triu_indices(MAX_DIGITS, k=1)
    overlap = (np.abs(corners[:, :, first] - corners[:, :, second]) < BOX).all(-1)
    both_shown = shown[:, first] & shown[:, second]
    free = ~(overlap & both_shown[:, None]).any(-1)
    return corners[np.arange(len(shown)), free.argmax(1)]


class Bends(NamedTuple):
    """The positions of digits in their boxes."""

    to_source: NDArray[np.float64]  # (n, 2, 2), from offsets in the box to offsets in the source digit
    shift: NDArray[np.float64]  # (n, 2, 1), in the box


def draw_bends(n: int, rng: np.random.Generator, augmentation: Augmentation) -> Bends:
    to_source = inverse_affine(n, rng, augmentation)
    return Bends(to_source, rng.uniform(-augmentation.shift, augmentation.shift, (n, 2, 1)))


def enlarge(images: NDArray[np.float32], bends: Bends) -> NDArray[np.float32]:
    """The digits (n, 8, 8) in boxes (n, 28, 28), sampled bilinearly."""
    pixel = np.indices((BOX, BOX)).reshape(2, -1) - (BOX - 1) / 2
    source = bends.to_source @ (pixel - bends.shift) + (SIDE - 1) / 2
    return bilinear(images, source.astype(np.float32)).reshape(-1, BOX, BOX)


def inverse_affine(n: int, rng: np.random.Generator, augmentation: Augmentation) -> NDArray[np.float64]:
    """Matrices (n, 2, 2) from offsets in the box to offsets in the 8×8 source digit."""
    a = augmentation
    side = rng.uniform(MIN_SIDE, MAX_SIDE, n)
    turn = rng.uniform(-a.rotation, a.rotation, n)
    shear = rng.uniform(-a.shear, a.shear, n)
    stretch = np.exp(rng.uniform(-a.stretch, a.stretch, n) / 2)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    bend = np.array([[stretch, np.zeros(n)], [shear, 1 / stretch]])
    return np.einsum("ijn,jkn,n->nik", rotation, bend, SIDE / side)


def bilinear(images: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of `images` (n, 8, 8) at the positions `source` (n, 2, p); zero outside."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(len(images), -1)
    y, x = np.clip(source + 1, 0, SIDE + 1 - 1e-3).swapaxes(0, 1)
    row, column = y.astype(np.int32), x.astype(np.int32)
    y, x = (y - row).astype(np.float32), (x - column).astype(np.float32)
    corner = row * (SIDE + 2) + column

    def at(offset: int) -> NDArray[np.float32]:
        return np.take_along_axis(padded, corner + offset, axis=1)

    above = at(0) * (1 - x) + at(1) * x
    below = at(SIDE + 2) * (1 - x) + at(SIDE + 3) * x
    return above * (1 - y) + below * y


def paste(boxes: NDArray, scene: NDArray[np.int64], corners: NDArray[np.int64], count: int, empty: float) -> NDArray:
    """An array (count, 64, 84) filled with `empty` and the `boxes` laid at their `corners`."""
    canvas = np.full((count, HEIGHT, WIDTH), empty, boxes.dtype)
    rows = corners[:, 0, None, None] + np.arange(BOX)[:, None]
    columns = corners[:, 1, None, None] + np.arange(BOX)
    canvas[scene[:, None, None], rows, columns] = boxes
    return canvas
