"""Weights of the classes in the loss."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.fcn.config import Config
from experiments.fcn.feed import READING
from experiments.fcn.processes import total
from experiments.fcn.task import EVERY, IGNORE, Task

COUNTED_BATCHES = 50


def class_weights(config: Config, task: Task, rows: slice = EVERY) -> tuple[float, ...] | None:
    """A weight per class; None if all are equal. Raises ValueError for another number of weights.

    `rows` are this process's share of each batch.
    """
    given = config.class_weights
    if given == "equal":
        return None
    if given == "balanced":
        return balanced(class_counts(task, min(config.steps, COUNTED_BATCHES), rows))
    n = task.signature.num_classes
    if len(given) != n:
        raise ValueError(f"`class_weights` must be {n} numbers, one for each class, got {len(given)}.")
    return tuple(map(float, given))


def class_counts(task: Task, batches: int, rows: slice = EVERY) -> NDArray[np.int64]:
    """The pixels of each class (num_classes,) in the first batches, as the loss meets them.

    Each process counts its own `rows`.
    """
    n = task.signature.num_classes
    counts = np.zeros(n, np.int64)
    for batch in task.batches(rows)[:batches].to_iter_dataset(READING):
        counts += np.bincount(batch.labels[batch.labels != IGNORE], minlength=n)
    return total(counts)


def balanced(counts: ArrayLike) -> tuple[float, ...]:
    """The median of the pixel `counts` (num_classes,) over each.

    A class without pixels is rarer than all that were counted, and may be met later: it has their highest weight.

    >>> balanced([900, 100, 0, 50])
    (0.1111111111111111, 1.0, 2.0, 2.0)
    """
    counts = np.asarray(counts, np.float64)
    there = counts[counts > 0]
    if not there.size:
        return (1.0,) * counts.size
    weights = np.median(there) / np.where(counts > 0, counts, there.min())
    return tuple(weights.tolist())
