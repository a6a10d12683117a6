"""Confusion matrix and what is read from it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.fcn8.scenes import BACKGROUND, NUM_CLASSES


class Scores(NamedTuple):
    """How well pixels are classified; a class that is neither there nor predicted scores nan."""

    class_iou: NDArray[np.float64]  # (11,)
    digit_iou: float  # mean over the ten digits
    mean_iou: float  # mean over all eleven classes
    pixel_accuracy: float


def confusion_matrix(truth: NDArray, prediction: NDArray) -> NDArray[np.int64]:
    """Pixels (11, 11) by true class (row) and predicted class (column)."""
    pairs = truth.ravel().astype(np.int64) * NUM_CLASSES + prediction.ravel()
    return np.bincount(pairs, minlength=NUM_CLASSES**2).reshape(NUM_CLASSES, NUM_CLASSES)


def scores(confusion: NDArray[np.int64]) -> Scores:
    """Intersection over union: true and predicted, over true or predicted."""
    both = np.diag(confusion)
    either = confusion.sum(0) + confusion.sum(1) - both
    iou = np.divide(both, either, out=np.full(NUM_CLASSES, np.nan), where=either > 0)
    return Scores(
        iou,
        digit_iou=mean(np.delete(iou, BACKGROUND)),
        mean_iou=mean(iou),
        pixel_accuracy=float(both.sum() / max(1, confusion.sum())),
    )


def mean(values: NDArray[np.float64]) -> float:
    """Mean of what is not nan; nan if nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
