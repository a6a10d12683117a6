"""The parameters that a run begins with: drawn, a trained encoder's, or those of a coarser run."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from flax import nnx

from experiments.errors import UserError, as_user_error
from experiments.fcn.config import Config, Initial, Network
from experiments.fcn.saved_model import load_model
from experiments.fcn.state import State, Trainer, beginning
from experiments.fcn.task import Signature
from experiments.files import write_whole
from jtconv.models import start_from
from jtconv.weights import Preprocessing, load_into
from jtconv.weights._faults import exists, nearest

ENCODER_REMEDY = (
    "give --encoder the path of a file with VGG-16's parameters, as torchvision, timm or Keras have it (.safetensors, "
    ".npz, .h5 or .pth); docs/encoder.md says where to get one"
)
FILE = "preprocessing.json"  # of a run that did not begin with the task's own


def begin(config: Config, signature: Signature, trainer: Trainer, drawn: State) -> tuple[State, Preprocessing]:
    """The state at step 0, `drawn` or with what the settings name, and the preprocessing that suits it.

    Raises `UserError` for a file at fault.
    """
    initial = config.initial
    if initial.encoder is None and initial.start_from is None:
        return drawn, signature.preprocessing
    model = nnx.merge(trainer.network, drawn.parameters, drawn.statistics)
    if initial.encoder is not None:
        preprocessing = load_encoder(model, config.network, initial.encoder, signature)
    else:
        preprocessing = load_coarser(model, initial, signature)
    state = beginning(config.optimizer, config.steps, *nnx.state(model, nnx.Param, ...))
    return state, preprocessing


def load_encoder(model: Any, network: Network, file: Path, signature: Signature) -> Preprocessing:
    """VGG-16's convolutions; its classifier's layers too where they are conv6 and conv7."""
    whole = network.head_kernel == 7 and network.head_ch == 4096
    check_encoder(file)
    # A library's report of many lines becomes one.
    remedy = "choose a file of such a network, or another --preset"
    with as_user_error(file, "cannot be the encoder: {error}", remedy):
        preprocessing = load_into(model if whole else model.encoder, file)
    return signature.preprocessing if preprocessing is None else scaled(preprocessing, signature.white)


def check_given(initial: Initial) -> None:
    """Raise `UserError` where what the settings name is not there: before all masks are read."""
    if initial.encoder is not None:
        check_encoder(initial.encoder)
    if initial.start_from is not None and not exists(initial.start_from):
        raise UserError(initial.start_from, nearest(initial.start_from), "name the folder of a finished run")


def check_encoder(file: Path) -> None:
    """Raise `UserError` unless there is a file: no network has a name by which it would be fetched."""
    if file.is_file():
        return
    found = "is a folder" if exists(file) else nearest(file)
    if file.suffix or found != "does not exist":
        raise UserError(file, f"cannot be the encoder: it {found}", ENCODER_REMEDY)
    what = "is the name of no file: there is one encoder, VGG-16, and nothing is downloaded"
    raise UserError(Path(file.name), what, ENCODER_REMEDY)


def scaled(preprocessing: Preprocessing, white: float) -> Preprocessing:
    """For pictures up to `white` rather than 255."""
    return dataclasses.replace(preprocessing, scale=preprocessing.scale * (255 / white))


def load_coarser(model: Any, initial: Initial, signature: Signature) -> Preprocessing:
    """The parameters of a run's saved network, where the finer one has the same."""
    run = initial.start_from
    assert run is not None
    saved = load_model(run, initial.start_checkpoint)
    coarser = nnx.merge(saved.network, saved.parameters, saved.statistics)
    remedy = "choose the run of a coarser decoder, with the same settings otherwise"
    with as_user_error(run, "cannot be started from: {error}", remedy):
        start_from(model, coarser)
    return scaled(saved.signature.preprocessing, signature.white)


def save_preprocessing(preprocessing: Preprocessing, folder: Path) -> None:
    write_whole(folder / FILE, json.dumps(dataclasses.asdict(preprocessing), indent=2) + "\n")


def read_preprocessing(folder: Path) -> Preprocessing:
    """Read the file of `save_preprocessing`. Raises `UserError` if it is missing or damaged."""
    with as_user_error(folder / FILE, "is missing or damaged", "choose another --out"):
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        channels, mean, std = (tuple(values[name]) for name in ("channels", "mean", "std"))
        return Preprocessing(channels, mean, std, float(values["scale"]))
