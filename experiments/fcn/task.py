"""The interface of a task: batches to train on, samples to be scored on, and the classes."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import grain
import numpy as np
from numpy.typing import NDArray

from jtconv.models._model import Classes as Classes
from jtconv.models._model import Signature as Signature

EVERY = slice(None)
IGNORE = 255  # the label of pixels that count neither in the loss nor in a score


class Sample(NamedTuple):
    """A picture and the class of each of its pixels."""

    image: NDArray  # (h, w, in_ch): uint8, or floats if the task's preprocessing takes them
    labels: NDArray[np.int32]  # (h, w): a class, or IGNORE
    name: str  # of the picture, in reports


class Batch(NamedTuple):
    """Samples of one size, to train on."""

    images: NDArray  # (n, h, w, in_ch)
    labels: NDArray[np.int32]  # (n, h, w)


class Task(Protocol):
    """Data under one roof. Everything is a function of the configuration, so that a run can be resumed."""

    classes: Classes
    signature: Signature

    @property
    def test(self) -> Sequence[Sample]:
        """Held-out samples, of any sizes."""
        ...

    def batches(self, rows: slice = EVERY) -> grain.MapDataset[Batch]:
        """Entry i is what step i + 1 trains on, whichever entries were asked for before.

        `rows` of each batch are made, those of one process: the same as they would be in the whole batch.
        """
        ...
