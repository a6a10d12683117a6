"""Confusion matrix and what is read from it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.task import IGNORE, Classes


class Scores(NamedTuple):
    """Scores of a classification of pixels; a class that is neither there nor predicted scores nan.

    Without a pixel that counts, everything is nan.
    """

    class_iou: NDArray[np.float64]  # (num_classes,)
    mean_iou: float  # over all classes
    foreground_iou: float  # mean over the classes other than the background
    frequency_weighted_iou: float  # mean over all pixels of their true class's
    pixel_accuracy: float
    mean_accuracy: float  # over the classes
    class_accuracy: NDArray[np.float64]  # (num_classes,): share of the class's pixels that are found
    class_share: NDArray[np.float64]  # (num_classes,): share of all pixels that are the class's


def confusion_matrix(truth: NDArray, prediction: NDArray, num_classes: int) -> NDArray[np.int64]:
    """Pixels (num_classes, num_classes) by true class (row) and predicted class (column).

    Pixels whose true class is IGNORE are left out.
    """
    known = truth != IGNORE
    pairs = truth[known].astype(np.int64) * num_classes + prediction[known]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def scores(confusion: NDArray[np.int64], classes: Classes) -> Scores:
    """Intersection over union is true and predicted, over true or predicted (Long et al., section 5)."""
    both, there = np.diag(confusion), confusion.sum(1)
    iou = ratio(both, there + confusion.sum(0) - both)
    accuracy = ratio(both, there)
    pixels = confusion.sum()
    share = ratio(there, np.full(len(there), pixels))
    foreground = iou if classes.background is None else np.delete(iou, classes.background)
    return Scores(
        iou,
        mean_iou=mean(iou),
        foreground_iou=mean(foreground),
        frequency_weighted_iou=float(np.sum(share * np.nan_to_num(iou))),
        pixel_accuracy=float(both.sum() / pixels) if pixels else float("nan"),
        mean_accuracy=mean(accuracy),
        class_accuracy=accuracy,
        class_share=share,
    )


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """part / whole; nan where the whole is nothing."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def mean(values: NDArray[np.float64]) -> float:
    """Mean of what is not nan; nan if nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
