"""Which evaluation was the best, and whether to go on: functions of the log, so that a resumed run agrees."""

import math
from typing import NamedTuple

from experiments.fcn.log import Line, column


class Best(NamedTuple):
    """The evaluation with the highest mean IoU, the first of equals."""

    step: int
    mean_iou: float
    since: int  # evaluations after it


def best_of(lines: list[Line]) -> Best | None:
    """None if nothing has been scored yet."""
    evaluations = [
        (step, -math.inf if math.isnan(iou) else iou) for step, iou in zip(*column(lines, "mean_iou"), strict=True)
    ]
    if not evaluations:
        return None
    values = [iou for _, iou in evaluations]
    i = values.index(max(values))
    return Best(*evaluations[i], len(values) - 1 - i)


def is_stopped(lines: list[Line], patience: int | None) -> bool:
    """Whether the last `patience` evaluations were no better than one before them."""
    best = best_of(lines)
    return best is not None and patience is not None and best.since >= patience
