"""Predictions for held-out pictures, and their scores."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.metrics import confusion_matrix
from experiments.fcn.placement import take_whole
from experiments.fcn.processes import mine, total
from experiments.fcn.state import State, Trainer
from experiments.fcn.task import Sample, Task
from jtconv.models._model import Model
from jtconv.models._tiling import Tiling, classes_of_any


def as_model(trainer: Trainer, state: State, task: Task) -> Model:
    """The network as it is in `state`, or on average if an average is kept, whole on the first device."""
    scored = take_whole(trainer.placement, state.scored())
    signature = task.signature._replace(preprocessing=trainer.preprocessing)
    return Model(trainer.network, scored.parameters, scored.statistics, task.classes, signature)


def evaluate(trainer: Trainer, state: State, task: Task) -> NDArray[np.int64]:
    """The confusion matrix of the held-out pictures, of which each process predicts its share."""
    n = task.signature.num_classes
    model = as_model(trainer, state, task)
    return total(sum(per_sample(model, task.test[mine()]), start=np.zeros((n, n), np.int64)))


def predictions(model: Model, samples: Sequence[Sample]) -> Iterator[NDArray[np.uint8]]:
    """The class of every pixel (h, w) of each sample, in order."""
    return classes_of_any(model, (sample.image for sample in samples), Tiling())


def per_sample(model: Model, samples: Sequence[Sample]) -> Iterator[NDArray[np.int64]]:
    """The confusion matrix of each sample, in order."""
    labels: list[NDArray[np.int32]] = []  # of the pictures under way: a sample is read once

    def images() -> Iterator[NDArray]:
        for sample in samples:
            labels.append(sample.labels)
            yield sample.image

    for predicted in classes_of_any(model, images(), Tiling()):
        yield confusion_matrix(labels.pop(0), predicted, len(model.classes.names))
