"""The report of a finished run: tables in the terminal, pictures and a page as files."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.fcn import pictures
from experiments.fcn.best import Kept, kept
from experiments.fcn.evaluate import as_model, per_sample, predictions
from experiments.fcn.folder import CONFUSION, CURVES, PAGE, PREDICTIONS, SCORES
from experiments.fcn.html_report import Page, save_page
from experiments.fcn.metrics import Scores, scores
from experiments.fcn.processes import interleaved, is_first, mine, together, total
from experiments.fcn.run import seconds_spent
from experiments.fcn.saved_model import save_model
from experiments.fcn.task import Classes, Sample
from experiments.fcn.train import Trained
from experiments.files import write_whole, writing
from jtconv.models._model import Model

MAX_COLUMNS = 100  # columns of a confusion matrix in a terminal
EXTREMES = 3  # best and worst pictures shown
MAX_NAME = 32  # of a class, in a table


def report(trained: Trained, folder: Path) -> Scores:
    """Score the held-out pictures; save the model, scores.json, pictures and a page in `folder`.

    Of several processes all score, and the first saves.
    """
    model = as_model(trained.trainer, trained.state, trained.task)
    confusion, each = score(model, trained.task.test)
    saved = kept(trained, folder)
    with together():  # the others wait: JAX ends all where one has been gone for minutes
        if is_first():
            save_results(trained, model, saved, confusion, each, folder)
    result = scores(confusion, trained.task.classes)
    print(tables(result, confusion, trained.task.classes))
    print(saved.in_words())
    return result


def save_results(
    trained: Trained, model: Model, saved: Kept, confusion: NDArray[np.int64], each: list[float], folder: Path
) -> None:
    task, classes, result = trained.task, trained.task.classes, scores(confusion, trained.task.classes)
    seconds = seconds_spent(trained.log)
    with writing(folder):
        save_model(model, trained.config.network, folder, saved.origin, saved.best)
        save_scores(result, confusion, classes, folder / SCORES, seconds)
        first = [task.test[i] for i in range(min(pictures.ROWS, len(task.test)))]
        pictures.save_predictions(first, list(predictions(model, first)), classes, folder / PREDICTIONS)
        pictures.save_curves(trained.log, classes, folder / CURVES)
        pictures.save_confusion(confusion, classes, folder / CONFUSION)
        best, worst = extremes(each)
        page = Page(
            title=folder.absolute().name,
            settings=trained.config.to_json(),
            seconds=seconds,
            classes=classes,
            scores=result,
            confusion=confusion,
            best=examples(model, task.test, each, best),
            worst=examples(model, task.test, each, worst),
            model=saved.in_words(),
        )
        save_page(page, folder / CURVES, folder / CONFUSION, folder / PAGE)


def score(model: Model, samples: Sequence[Sample]) -> tuple[NDArray[np.int64], list[float]]:
    """The confusion matrix of all pixels, and the mean IoU of each picture (nan where no pixel counts).

    Each process predicts its share.
    """
    n = len(model.classes.names)
    counts, each = np.zeros((n, n), np.int64), []
    for confusion in per_sample(model, samples[mine()]):
        counts += confusion
        each.append(scores(confusion, model.classes).mean_iou)
    return total(counts), interleaved(each, len(samples))


def extremes(each: Sequence[float]) -> tuple[list[int], list[int]]:
    """The pictures with the highest and with the lowest mean IoU, the most extreme first; none is in both."""
    known = [i for i in np.argsort(each, kind="stable").tolist() if not np.isnan(each[i])]
    worst = known[: min(EXTREMES, len(known) // 2)]
    return known[::-1][: min(EXTREMES, len(known) - len(worst))], worst


def examples(model: Model, samples: Sequence[Sample], each: Sequence[float], chosen: list[int]) -> list:
    """Each sample with its score and its prediction."""
    picked = [samples[i] for i in chosen]
    return list(zip(picked, [each[i] for i in chosen], predictions(model, picked), strict=True))


def save_scores(result: Scores, confusion: NDArray, classes: Classes, file: Path, seconds: float | None = None) -> None:
    """`seconds`: of training, where that was part of it."""
    values = {
        f"{classes.foreground}_iou": or_null(result.foreground_iou),
        "mean_iou": or_null(result.mean_iou),
        "frequency_weighted_iou": or_null(result.frequency_weighted_iou),
        "pixel_accuracy": or_null(result.pixel_accuracy),
        "mean_accuracy": or_null(result.mean_accuracy),
        **({} if seconds is None else {"training_seconds": seconds}),
        "class_iou": by_class(result.class_iou, classes),
        "class_accuracy": by_class(result.class_accuracy, classes),
        "class_share": by_class(result.class_share, classes),
        "confusion": confusion.tolist(),
    }
    write_whole(file, json.dumps(values, indent=1, allow_nan=False) + "\n")


def by_class(values: NDArray[np.float64], classes: Classes) -> dict[str, float | None]:
    return dict(zip(classes.names, map(or_null, values.tolist()), strict=True))


def or_null(value: float) -> float | None:
    """JSON has no nan."""
    return None if np.isnan(value) else value


def tables(result: Scores, confusion: NDArray[np.int64], classes: Classes) -> str:
    """All that is said in a terminal: the confusion matrix if it fits, every class, the means."""
    matrix = confusion_table(confusion, classes)
    parts = [matrix] if matrix.index("\n") <= MAX_COLUMNS else []
    return "\n\n".join([*parts, class_table(result, classes), means(result, classes)])


def confusion_table(confusion: NDArray[np.int64], classes: Classes) -> str:
    """Pixels by true class (row) and predicted class (column)."""
    names = [pictures.shortened(name, 12) for name in classes.names]
    width = max(6, len(str(confusion.max())))  # names above give way to the numbers
    rows = [["true\\as", *(pictures.shortened(name, width) for name in names)]]
    rows += [[name, *map(str, row)] for name, row in zip(names, confusion, strict=True)]
    first = max(7, *map(len, names))
    return "\n".join(f"{row[0]:>{first}} " + " ".join(f"{x:>{width}}" for x in row[1:]) for row in rows)


def class_table(result: Scores, classes: Classes) -> str:
    """A row per class: IoU, share of its pixels that are found, its share of all pixels."""
    names = [pictures.shortened(name, MAX_NAME) for name in classes.names]
    width = max(5, *map(len, names))
    lines = [f"{'class':{width}}     IoU accuracy    share"]
    for name, *values in zip(names, result.class_iou, result.class_accuracy, result.class_share, strict=True):
        iou, accuracy, share = values
        lines.append(f"{name:{width}} {number(iou):>7} {number(accuracy):>8} {100 * share:7.2f}%")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three decimals; a dash for nan."""
    return "-" if np.isnan(value) else f"{value:.3f}"


def means(result: Scores, classes: Classes) -> str:
    """The means, on two lines."""
    foreground = "" if classes.background is None else f"mean {classes.foreground} IoU {result.foreground_iou:.4f}   "
    return (
        f"{foreground}mean IoU {result.mean_iou:.4f}   pixel accuracy {result.pixel_accuracy:.4f}\n"
        f"mean accuracy {result.mean_accuracy:.4f}   frequency-weighted IoU {result.frequency_weighted_iou:.4f}"
    )
