"""A trained network in a folder: `model.safetensors` and, beside it, `model.json`, which says what it is of.

The arrays are named as in the network ("conv6.conv.kernel"), the preprocessing is with them
("preprocessing/mean"), and nothing in the files is executed when they are read. Where the network scored best
earlier in its training, `model_best.safetensors` is as it was then.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flax import nnx

from jtconv.models._description import (
    ARRAYS,
    BEST_ARRAYS,
    DESCRIPTION,
    FORMAT,
    NETWORKS,
    REMEDY,
    UNKNOWN,
    Description,
    Origin,
    SavedModelError,
    faults,
    read_description,
    reading,
)
from jtconv.models._model import SAVED, Model, Signature, arrays_of, named, with_arrays
from jtconv.weights import Preprocessing, load, save
from jtconv.weights._faults import exists, nearest
from jtconv.weights._whole import whole


class Saved(NamedTuple):
    """The content of a folder."""

    model: Model
    origin: str  # in words, which checkpoint of a run it is; "" of no run
    file: Path  # of the arrays

    def in_words(self) -> str:
        return f"{self.file}: {self.origin}" if self.origin else str(self.file)


def write_model(
    model: Model, settings: Mapping[str, Any], folder: Path, origin: Origin = UNKNOWN, best: Model | None = None
) -> None:
    """Write `model` into `folder`, in place of an older one; `settings` is what its network is made with.

    Each file is written whole or not at all. `model.json` comes last and has the digests of the arrays, so that an
    old one beside new ones is noticed. `best`: the model at `origin.best`, where that is another.
    """
    arrays = {ARRAYS: model} | ({} if best is None else {BEST_ARRAYS: best})
    for name, one in arrays.items():
        save(folder / name, arrays_of(one) | for_pictures_in_files(one.signature).entries())
    if best is None:
        (folder / BEST_ARRAYS).unlink(missing_ok=True)
    files = {"last": ARRAYS, "best": ARRAYS if best is None else BEST_ARRAYS}
    description = {
        "format": FORMAT,
        "network": dict(settings),
        "signature": {"in_ch": model.signature.in_ch, "num_classes": model.signature.num_classes},
        "classes": model.classes._asdict(),
        "sha256": sha256(folder / ARRAYS),
        "checkpoints": {
            name: {"file": files[name], "sha256": sha256(folder / files[name]), **checkpoint._asdict()}
            for name, checkpoint in origin._asdict().items()
            if checkpoint is not None
        },
    }
    with whole(folder / DESCRIPTION) as file:
        file.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def for_pictures_in_files(signature: Signature) -> Preprocessing:
    """The preprocessing for values up to 255, whatever the task's own are."""
    preprocessing = signature.preprocessing
    return dataclasses.replace(preprocessing, scale=preprocessing.scale * (signature.white / 255))


def read_model(folder: Path, checkpoint: str | None = None, **settings: Any) -> Saved:
    """Load what `write_model` left in `folder`. Raises `SavedModelError` if it is missing or damaged.

    `checkpoint`: "last" or "best"; that in `model.safetensors` if left out. `settings` take the place of the
    network's own: those that leave its parameters as they are, such as `dtype`.
    """
    _check_folder(folder)
    described = read_description(folder / DESCRIPTION)
    file, digest = _chosen(described, folder, checkpoint)
    arrays = _read_arrays(file, digest)
    with faults(file, "is damaged ({error})"):
        preprocessing = Preprocessing.from_entries(arrays)
    if len(preprocessing.channels) != described.in_ch:
        what = f"has a preprocessing for {len(preprocessing.channels)} channels, not {described.in_ch}"
        raise SavedModelError(file, what, REMEDY)
    if sum(described.depths) > len(arrays):  # each would be made before its array is missed
        what = f"describes {sum(described.depths):,} layers, which {file.name} does not have"
        raise SavedModelError(folder / DESCRIPTION, what, REMEDY)
    signature = Signature(described.in_ch, len(described.classes.names), preprocessing)
    with faults(folder / DESCRIPTION, "does not describe a network ({error})"):
        network = nnx.eval_shape(lambda: make_network(described.network | settings, signature, nnx.Rngs(0)))
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    _check_names(parameters, statistics, arrays, file)
    model = Model(graph, parameters, statistics, described.classes, signature)
    return Saved(with_arrays(model, arrays), described.origin.in_words(checkpoint), file)


def make_network(settings: Mapping[str, Any], signature: Signature, rngs: nnx.Rngs) -> Any:
    """The network that `settings` describe. Raises ValueError for some that exclude each other."""
    options = {name: x for name, x in settings.items() if name not in ("decoder", "dtype")}
    dtype = None if settings["dtype"] == "float32" else settings["dtype"]
    kind = NETWORKS[settings["decoder"]]
    return kind(signature.num_classes, in_ch=signature.in_ch, **options, dtype=dtype, rngs=rngs)


def _check_folder(folder: Path) -> None:
    """Raise `SavedModelError` for a folder without a model, with what there is instead."""
    if not exists(folder):
        raise SavedModelError(folder, nearest(folder), REMEDY)
    if not folder.is_dir():
        raise SavedModelError(folder, "is a file", f"name the folder that it is in, {folder.parent}")
    if (folder / DESCRIPTION).exists():
        return
    if (folder / "config.json").exists() or (folder / "checkpoints").exists():
        remedy = "the run has not ended; give the command that began it again, which goes on and leaves the model"
        raise SavedModelError(folder / DESCRIPTION, "is missing", remedy)
    below = sorted(file.parent.name for file in folder.glob(f"*/{DESCRIPTION}"))[:5]
    remedy = f"name one of the folders with a model in it: {', '.join(below)}" if below else REMEDY
    raise SavedModelError(folder / DESCRIPTION, "is missing", remedy)


def _chosen(described: Description, folder: Path, checkpoint: str | None) -> tuple[Path, str]:
    """The file of the arrays, and its digest."""
    if checkpoint is None:
        return folder / ARRAYS, described.sha256
    if checkpoint not in described.checkpoints:
        known = [f"{name!r}" for name in described.checkpoints]
        what = f"has no checkpoint {checkpoint!r}, " + (f"only {', '.join(known)}" if known else "one network alone")
        remedy = f"leave the choice out, or name {' or '.join(known)}" if known else "leave the choice out"
        raise SavedModelError(folder / DESCRIPTION, what, remedy)
    name, digest = described.checkpoints[checkpoint]
    return folder / name, digest


def _read_arrays(file: Path, digest: str) -> dict[str, np.ndarray]:
    with reading(file):
        if sha256(file) != digest:
            raise SavedModelError(file, f"is not what {DESCRIPTION} beside it is of (its digest differs)", REMEDY)
        return load(file)


def _check_names(parameters: nnx.State, statistics: nnx.State, arrays: Mapping[str, Any], file: Path) -> None:
    """Raise `SavedModelError` unless `arrays` are those of the network, in its shapes and dtypes."""
    expected = named(parameters) | named(nnx.filter_state(statistics, SAVED))
    given = {name for name in arrays if not name.startswith("preprocessing/")}
    for name in sorted(expected.keys() ^ given):
        which = "lacks" if name in expected else "has an unknown"
        raise SavedModelError(file, f"{which} {name!r}", REMEDY)
    for name, variable in expected.items():
        array, abstract = arrays[name], variable.get_value()
        if (array.shape, array.dtype) != (abstract.shape, abstract.dtype):
            what = f"has {name!r} as {array.dtype}{array.shape}, not {abstract.dtype}{abstract.shape}"
            raise SavedModelError(file, what, REMEDY)


def sha256(file: Path) -> str:
    """The digest of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
