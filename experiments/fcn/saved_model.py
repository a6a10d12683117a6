"""A run's trained network on disk, see `jtconv.models.load`; a file at fault is a `UserError`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from experiments.errors import UserError
from experiments.fcn.config import Network
from jtconv.models._description import ARRAYS as ARRAYS
from jtconv.models._description import BEST_ARRAYS as BEST_ARRAYS
from jtconv.models._description import DESCRIPTION as DESCRIPTION
from jtconv.models._description import UNKNOWN, Origin, SavedModelError
from jtconv.models._model import Model
from jtconv.models._saved_model import Saved, read_model, write_model
from jtconv.models._saved_model import sha256 as sha256

CheckpointName = Literal["last", "best"]
FROM_HELP = f"""Which network of the run is taken: the last, or the best by the mean IoU of the held-out pictures.
None: the one in {ARRAYS}, the last, or the best if the run ends early by itself (--patience)."""
From = Annotated[CheckpointName | None, tyro.conf.arg(name="from", help=FROM_HELP)]


def save_model(
    model: Model, settings: Network, folder: Path, origin: Origin = UNKNOWN, best: Model | None = None
) -> None:
    """Write `model` into `folder`, see `write_model`; `settings` is what its network was made with."""
    write_model(model, dataclasses.asdict(settings), folder, origin, best)


def load_model(folder: Path, checkpoint: CheckpointName | None = None, **settings: Any) -> Model:
    """Load the network that `save_model` left in `folder`, see `load_saved`."""
    return load_saved(folder, checkpoint, **settings).model


def load_saved(folder: Path, checkpoint: CheckpointName | None = None, **settings: Any) -> Saved:
    """Load the network that `save_model` left in `folder`, with what is known of it. Raises `UserError`."""
    try:
        return read_model(folder, checkpoint, **settings)
    except SavedModelError as error:
        raise UserError(error.file, error.what, error.remedy) from error
