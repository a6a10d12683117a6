"""Kinds of files that are one of several in a folder: models, exports, checkpoints."""

import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx

from experiments.errors import UserError
from experiments.fcn import run_exported
from experiments.fcn.checkpoint import by_name, open_checkpoints, restore
from experiments.fcn.config import Network
from experiments.fcn.export import ABOUT, PROGRAM, save_export
from experiments.fcn.network import abstract_network
from experiments.fcn.saved_model import ARRAYS, BEST_ARRAYS, CheckpointName, load_model, save_model, sha256
from experiments.fcn.state import State
from experiments.fcn.task import Classes, Signature
from jtconv.models._description import Checkpoint, Origin
from jtconv.models._model import SAVED, Model, arrays_of, named, with_arrays
from jtconv.weights import Preprocessing
from tests.checks.fuzz.files.kinds import Kind

SETTINGS = Network(width=1, depths=(1, 1, 1, 1, 1), head_ch=2, decoder_ch=2)


@cache
def model() -> Model:
    classes = Classes(("a", "b"), ("#000000", "#ffffff"), 0)
    signature = Signature(3, 2, Preprocessing.torch())
    graph, parameters, statistics = nnx.split(abstract_network(SETTINGS, signature), nnx.Param, ...)
    empty = Model(graph, parameters, statistics, classes, signature)
    shapes = {
        name: variable.get_value().shape
        for part in (empty.parameters, nnx.filter_state(empty.statistics, SAVED))
        for name, variable in named(part).items()
    }
    rng = np.random.default_rng(0)
    return with_arrays(empty, {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})


@cache
def model_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-model-"))
    save_model(model(), SETTINGS, folder, Origin(Checkpoint(6, 0.25), Checkpoint(3, 0.5)), model())
    return folder


def read_model(path: Path, *, seal: bool = False, checkpoint: CheckpointName | None = None) -> Any:
    """The model in the file's folder, the other files being sound; with `seal`, model.json has the file's digest."""
    for other in model_folder().iterdir():
        if other.name != path.name:
            text = other.read_bytes()
            if seal:
                text = text.replace(sha256(model_folder() / path.name).encode(), sha256(path).encode())
            (path.parent / other.name).write_bytes(text)
    loaded = load_model(path.parent, checkpoint)
    if not seal:
        expected = arrays_of(model())
        assert all(np.array_equal(x, expected[name]) for name, x in arrays_of(loaded).items())


def state() -> State:
    arrays = {f"layer{i}": jnp.arange(5.0 + i, dtype=jnp.float32) for i in range(3)}
    return State(nnx.State(arrays), nnx.State({}), {"count": jnp.array(3, jnp.int32)})


@cache
def checkpoint_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-checkpoint-"))
    with open_checkpoints(folder) as checkpoints:
        checkpoints.save(2, state())
    return folder


def read_checkpoint(name: str, path: Path) -> Any:
    """The checkpoint with this file in the place of its own `name`."""
    folder = path.parent / "checkpoints"
    shutil.copytree(checkpoint_folder(), folder)
    (folder / "2" / name).write_bytes(path.read_bytes())
    restored = restore(folder, state())
    if restored is not None:
        step, found = restored
        assert step == 2
        expected = by_name(state())
        assert all(np.array_equal(x, expected[key]) for key, x in by_name(found).items())


@cache
def export_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-export-"))
    save_export(model(), (32, 64), folder)
    return folder


def read_export(path: Path) -> Any:
    """As the script beside an exported network reads it: its errors are one line there."""
    for other in export_folder().iterdir():
        if other.name != path.name:
            shutil.copy(other, path.parent)
    try:
        network = run_exported.Network(path.parent)
    except run_exported.DAMAGED as error:
        raise UserError(path, f"is damaged ({type(error).__name__})", "export it again") from error
    assert network.about["size"] == [32, 64]


def checkpoint_kinds() -> list[Kind]:
    inside = checkpoint_folder() / "2"
    names = sorted(str(file.relative_to(inside)) for file in inside.rglob("*") if file.is_file())
    return [Kind(f"checkpoint/{name}", (inside / name).read_bytes, partial(read_checkpoint, name)) for name in names]


def folder_kinds() -> list[Kind]:
    def sound(name: str) -> Callable[[], bytes]:
        return (model_folder() / name).read_bytes

    return [
        Kind("model.json", sound("model.json"), read_model, is_text=True, weight=6),
        Kind("model.json", sound("model.json"), partial(read_model, checkpoint="best"), is_text=True, weight=3),
        Kind(BEST_ARRAYS, sound(BEST_ARRAYS), partial(read_model, checkpoint="best")),
        Kind("model.safetensors", sound("model.safetensors"), read_model, weight=2),
        Kind("model.safetensors", sound("model.safetensors"), partial(read_model, seal=True), weight=4),
        *(Kind(name, (export_folder() / name).read_bytes, read_export) for name in (ABOUT, PROGRAM, ARRAYS)),
        *checkpoint_kinds(),
    ]
