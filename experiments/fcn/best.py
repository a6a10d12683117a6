"""The checkpoints of a run whose networks are saved at its end: the last, and the best where that is another."""

import math
from pathlib import Path
from typing import NamedTuple

from experiments.fcn.checkpoint import restore
from experiments.fcn.evaluate import as_model
from experiments.fcn.folder import BEST
from experiments.fcn.log import best_of, column
from experiments.fcn.saved_model import ARRAYS, BEST_ARRAYS
from experiments.fcn.train import Trained
from jtconv.models._description import UNKNOWN, Checkpoint, Origin
from jtconv.models._model import Model


class Kept(NamedTuple):
    """The checkpoints, and the model at the best one where it is not the model at the end."""

    origin: Origin
    best: Model | None = None

    def in_words(self) -> str:
        """Say which network is in which file."""
        words = f"{ARRAYS} is {self.origin.in_words()}" if self.origin != UNKNOWN else ""
        if self.best is None:
            return words
        return f"{words}; {BEST_ARRAYS} is {self.origin.in_words('best')}, which --from best takes"


def kept(trained: Trained, folder: Path) -> Kept:
    """What is saved of a run in `folder`. All processes must call this."""
    found = best_of(trained.log)
    if found is None:
        return Kept(UNKNOWN)
    best = Checkpoint(found.step, finite(found.mean_iou))
    *_, step = column(trained.log, "mean_iou")[0]
    *_, mean_iou = column(trained.log, "mean_iou")[1]
    last = Checkpoint(step, finite(mean_iou))
    if best == last:
        return Kept(Origin(last, best))
    if trained.config.patience is not None:  # the state at the end is the best one, see `train`
        return Kept(Origin(best=best))
    restored = restore(folder / BEST, trained.state.scored())
    if restored is None or restored[0] != best.step:  # someone has made room
        return Kept(Origin(last))
    return Kept(Origin(last, best), as_model(trained.trainer, restored[1], trained.task))


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
