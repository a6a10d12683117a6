"""A finished run of experiments.fcn8: its encoder, and the scenes that were held out of its training."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from experiments.errors import UserError, as_user_error
from experiments.fcn.folder import CONFIG
from experiments.fcn.saved_model import ARRAYS, DESCRIPTION, CheckpointName, load_model
from experiments.fcn8.config import Config
from experiments.fcn8.data import load_data
from experiments.fcn8.scenes import Scenes
from experiments.inside.project import Stages


class Trained(NamedTuple):
    """The encoder of a run, and the scenes that it was not trained on."""

    stages: Stages
    scenes: Scenes
    x: Array  # the scenes as the network takes them, with zeros below and to the right


def load_trained(run: Path, checkpoint: CheckpointName | None = None) -> Trained:
    """Raises `UserError` for a folder that holds no such run."""
    if not all((run / name).is_file() for name in (CONFIG, DESCRIPTION, ARRAYS)):
        raise UserError(run, "holds no finished run", f"python -m experiments.fcn8 --out {run} makes one")
    scenes = held_out(run / CONFIG)
    model = load_model(run, checkpoint)
    network: Any = nnx.merge(model.network, model.parameters, model.statistics)
    if network.border:
        raise UserError(run / CONFIG, "is of a network that pads its pictures by more than 1", "name another --run")
    network.eval()
    stages = network.encoder.stages
    x = np.asarray(model.signature.preprocessing(255 * scenes.images))
    # As the network itself does, until the pools divide the size.
    rows, columns = (-size % 2 ** len(stages) for size in x.shape[1:3])
    return Trained(stages, scenes, jnp.asarray(np.pad(x, [(0, 0), (0, rows), (0, columns), (0, 0)])))


def held_out(file: Path) -> Scenes:
    """The scenes that the configuration in `file` holds out."""
    with as_user_error(
        file, "is not of a run on digits ({kind}: {error})", "name the folder of a run of experiments.fcn8"
    ):
        settings = json.loads(file.read_text(encoding="utf-8"))
        data = settings["data"]
        config = Config(data=None if data is None else Path(data), test_scenes=settings["test_scenes"])
    return load_data(config).test
