"""Predictions for held-out scenes, and their scores."""

import numpy as np
from numpy.typing import NDArray

from experiments.fcn8.metrics import confusion_matrix
from experiments.fcn8.scenes import Scenes
from experiments.fcn8.state import State, Trainer, predict

CHUNK = 50


def predictions(trainer: Trainer, state: State, scenes: Scenes) -> NDArray[np.int32]:
    """The class of every pixel (n, 64, 84)."""
    images = scenes.images
    chunks = [images[i : i + CHUNK] for i in range(0, len(images), CHUNK)]
    return np.concatenate([np.asarray(predict(trainer, state, chunk)) for chunk in chunks])


def evaluate(trainer: Trainer, state: State, scenes: Scenes) -> NDArray[np.int64]:
    """The confusion matrix of the held-out scenes."""
    return confusion_matrix(scenes.labels, predictions(trainer, state, scenes))
