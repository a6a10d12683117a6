"""Which digit a projection lies on, by the true masks, and how far a feature keeps to one digit."""

import numpy as np
from numpy.typing import NDArray

from experiments.fcn8.digits import NUM_DIGITS

NONE = -1  # a projection that touches no digit
DRAWS = 1000


def digit_under(projection: NDArray, labels: NDArray) -> int:
    """The digit whose pixels hold the most of the projection (h, w), by its squares; NONE if none holds any."""
    digits = labels < NUM_DIGITS
    held = np.bincount(labels[digits], np.square(projection[digits], dtype=np.float64), NUM_DIGITS)
    return int(held.argmax()) if held.any() else NONE


def most_frequent(digits: NDArray[np.int64]) -> tuple[int, float]:
    """The digit that most of `digits` (patches,) are, and their share."""
    counts = np.bincount(digits[digits != NONE], minlength=NUM_DIGITS)
    return int(counts.argmax()), counts.max() / len(digits)


def by_chance(labels: NDArray[np.int32], patches: int, rng: np.random.Generator) -> float:
    """The mean share of the most frequent of digits drawn from so many scenes (n, h, w), one from each."""
    present = [np.unique(scene[scene < NUM_DIGITS]) for scene in labels]
    shares = []
    for _ in range(DRAWS):
        scenes = rng.choice(len(present), patches, replace=False)
        shares.append(most_frequent(np.array([rng.choice(present[scene]) for scene in scenes]))[1])
    return float(np.mean(shares))
