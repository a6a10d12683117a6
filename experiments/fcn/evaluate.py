"""Predictions for held-out pictures, and their scores."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.metrics import confusion_matrix
from experiments.fcn.state import State, Trainer, predict
from experiments.fcn.task import Sample, Task

CHUNK = 50


def predictions(trainer: Trainer, state: State, samples: Sequence[Sample]) -> Iterator[NDArray[np.int32]]:
    """The class of every pixel (h, w) of each sample, in order; neighbours of one size go together."""
    for _, same_size in groupby(samples, key=lambda sample: sample.image.shape):
        images = [sample.image for sample in same_size]
        for start in range(0, len(images), CHUNK):
            yield from np.asarray(predict(trainer, state, np.stack(images[start : start + CHUNK])))


def evaluate(trainer: Trainer, state: State, task: Task) -> NDArray[np.int64]:
    """The confusion matrix of the held-out pictures."""
    return confusion_of(task, predictions(trainer, state, task.test))


def confusion_of(task: Task, predicted: Iterable[NDArray[np.int32]]) -> NDArray[np.int64]:
    """The confusion matrix of the held-out pictures, as they were `predicted`."""
    n = task.signature.num_classes
    confusion = np.zeros((n, n), np.int64)
    for sample, guess in zip(task.test, predicted, strict=True):
        confusion += confusion_matrix(sample.labels, guess, n)
    return confusion
