"""What a pixel's colour alone tells of its class: the score that a network has to beat."""

import numpy as np
from numpy.typing import NDArray

from experiments.fcn.metrics import confusion_matrix
from experiments.mosaic.data import MosaicTask

LEVELS = 16  # per channel
BATCHES = 100


def colour_confusion(task: MosaicTask) -> NDArray[np.int64]:
    """The confusion matrix if each held-out pixel is given its colour's most frequent class in training."""
    counts = np.ones((LEVELS**3, task.signature.num_classes), np.int64)
    for step in range(1, BATCHES + 1):
        batch = task.batch(step)
        np.add.at(counts, (colour(batch.images).ravel(), batch.labels.ravel()), 1)
    likeliest = counts.argmax(-1).astype(np.int32)
    n = counts.shape[1]
    guesses = (confusion_matrix(sample.labels, likeliest[colour(sample.image)], n) for sample in task.test)
    return sum(guesses, np.zeros((n, n), np.int64))


def colour(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The number (…) of the colour (…, 3), of LEVELS³."""
    red, green, blue = np.moveaxis(image.astype(np.int64) * LEVELS // 256, -1, 0)
    return (red * LEVELS + green) * LEVELS + blue
