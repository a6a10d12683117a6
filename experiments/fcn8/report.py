"""What a finished run says and leaves: the tables in words, the pictures as files."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.fcn8 import pictures
from experiments.fcn8.evaluate import predictions
from experiments.fcn8.files import write_whole, writing
from experiments.fcn8.metrics import Scores, confusion_matrix, scores
from experiments.fcn8.scenes import CLASS_NAMES, NUM_CLASSES
from experiments.fcn8.train import CONFUSION, CURVES, PREDICTIONS, SCORES, Trained, seconds_spent


def report(trained: Trained, folder: Path) -> Scores:
    """Score the held-out scenes, save scores.json and three pictures in `folder`."""
    test = trained.data.test
    predicted = predictions(trained.trainer, trained.state, test)
    confusion = confusion_matrix(test.labels, predicted)
    result = scores(confusion)
    with writing(folder):
        save_scores(result, confusion, seconds_spent(trained.log), folder / SCORES)
        pictures.save_predictions(test, predicted, folder / PREDICTIONS)
        pictures.save_curves(trained.log, folder / CURVES)
        pictures.save_confusion(confusion, folder / CONFUSION)
    print(confusion_table(confusion))
    print(iou_table(result))
    return result


def save_scores(result: Scores, confusion: NDArray, seconds: float, file: Path) -> None:
    values = {
        "digit_iou": or_null(result.digit_iou),
        "mean_iou": or_null(result.mean_iou),
        "pixel_accuracy": result.pixel_accuracy,
        "training_seconds": seconds,
        "class_iou": dict(zip(CLASS_NAMES, map(or_null, result.class_iou.tolist()), strict=True)),
        "confusion": confusion.tolist(),
    }
    write_whole(file, json.dumps(values, indent=1, allow_nan=False) + "\n")


def or_null(value: float) -> float | None:
    """JSON has no nan."""
    return None if np.isnan(value) else value


def confusion_table(confusion: NDArray[np.int64]) -> str:
    """Pixels by true class (row) and predicted class (column)."""
    width = max(5, len(str(confusion.max())))
    rows = [["true\\as", *CLASS_NAMES]]
    rows += [[name, *map(str, row)] for name, row in zip(CLASS_NAMES, confusion, strict=True)]
    return "\n".join(f"{row[0]:>7} " + " ".join(f"{x:>{width}}" for x in row[1:]) for row in rows)


def iou_table(result: Scores) -> str:
    """IoU of every class, then the means."""
    assert len(result.class_iou) == NUM_CLASSES
    head = "class   " + " ".join(f"{name:>5}" for name in CLASS_NAMES)
    body = "IoU     " + " ".join(f"{iou:5.3f}" for iou in result.class_iou)
    return (
        f"{head}\n{body}\n"
        f"mean digit IoU {result.digit_iou:.4f}   mean IoU {result.mean_iou:.4f}   "
        f"pixel accuracy {result.pixel_accuracy:.4f}"
    )
