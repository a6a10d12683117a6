"""What a finished run says and leaves: the tables in words, the pictures as files."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.fcn import pictures
from experiments.fcn.evaluate import confusion_of, predictions
from experiments.fcn.metrics import Scores, scores
from experiments.fcn.task import Classes
from experiments.fcn.train import CONFUSION, CURVES, PREDICTIONS, SCORES, Trained, seconds_spent
from experiments.files import write_whole, writing


def report(trained: Trained, folder: Path) -> Scores:
    """Score the held-out scenes, save scores.json and three pictures in `folder`."""
    task = trained.task
    predicted = list(predictions(trained.trainer, trained.state, task.test))
    confusion = confusion_of(task, predicted)
    result = scores(confusion, task.classes)
    with writing(folder):
        save_scores(result, confusion, task.classes, seconds_spent(trained.log), folder / SCORES)
        pictures.save_predictions(task.test, predicted, task.classes, folder / PREDICTIONS)
        pictures.save_curves(trained.log, task.classes, folder / CURVES)
        pictures.save_confusion(confusion, task.classes, folder / CONFUSION)
    print(confusion_table(confusion, task.classes))
    print(iou_table(result, task.classes))
    return result


def save_scores(result: Scores, confusion: NDArray, classes: Classes, seconds: float, file: Path) -> None:
    values = {
        f"{classes.foreground}_iou": or_null(result.foreground_iou),
        "mean_iou": or_null(result.mean_iou),
        "frequency_weighted_iou": result.frequency_weighted_iou,
        "pixel_accuracy": result.pixel_accuracy,
        "mean_accuracy": or_null(result.mean_accuracy),
        "training_seconds": seconds,
        "class_iou": dict(zip(classes.names, map(or_null, result.class_iou.tolist()), strict=True)),
        "confusion": confusion.tolist(),
    }
    write_whole(file, json.dumps(values, indent=1, allow_nan=False) + "\n")


def or_null(value: float) -> float | None:
    """JSON has no nan."""
    return None if np.isnan(value) else value


def confusion_table(confusion: NDArray[np.int64], classes: Classes) -> str:
    """Pixels by true class (row) and predicted class (column)."""
    width = max(5, len(str(confusion.max())), *map(len, classes.names))
    rows = [["true\\as", *classes.names]]
    rows += [[name, *map(str, row)] for name, row in zip(classes.names, confusion, strict=True)]
    first = max(7, *map(len, classes.names))
    return "\n".join(f"{row[0]:>{first}} " + " ".join(f"{x:>{width}}" for x in row[1:]) for row in rows)


def iou_table(result: Scores, classes: Classes) -> str:
    """IoU of every class, then the means."""
    width = max(5, *map(len, classes.names))
    head = "class   " + " ".join(f"{name:>{width}}" for name in classes.names)
    body = "IoU     " + " ".join(f"{iou:{width}.3f}" for iou in result.class_iou)
    return (
        f"{head}\n{body}\n"
        f"mean {classes.foreground} IoU {result.foreground_iou:.4f}   mean IoU {result.mean_iou:.4f}   "
        f"pixel accuracy {result.pixel_accuracy:.4f}"
    )
