"""A trained network on disk: `model.safetensors` and, beside it, `model.json`, which says what it is of.

The arrays are named as in the network ("conv6.conv.kernel"), the preprocessing is with them
("preprocessing/mean"), and nothing in either file is executed when they are read.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flax import nnx

from experiments.errors import UserError, as_user_error
from experiments.fcn.config import Network
from experiments.fcn.model import SAVED, Model, arrays_of, named, with_arrays
from experiments.fcn.network import abstract_network
from experiments.fcn.task import Classes, Signature
from experiments.files import write_whole
from jtconv.weights import Preprocessing, load, save

ARRAYS, DESCRIPTION = "model.safetensors", "model.json"
FORMAT = 1
REMEDY = "name the folder of a run that has been trained to its end"


def save_model(model: Model, settings: Network, folder: Path) -> None:
    """Write `model` into `folder`, in place of an older one; `settings` is what its network was made with.

    Each file is written whole or not at all. `model.json` comes last and has the digest of
    `model.safetensors`, so that an old one beside a new one is noticed.
    """
    save(folder / ARRAYS, arrays_of(model) | for_pictures_in_files(model.signature).entries())
    description = {
        "format": FORMAT,
        "network": dataclasses.asdict(settings),
        "signature": {"in_ch": model.signature.in_ch, "num_classes": model.signature.num_classes},
        "classes": model.classes._asdict(),
        "sha256": sha256(folder / ARRAYS),
    }
    write_whole(folder / DESCRIPTION, json.dumps(description, indent=2) + "\n")


def for_pictures_in_files(signature: Signature) -> Preprocessing:
    """The preprocessing for values up to 255, whatever the task's own are."""
    preprocessing = signature.preprocessing
    return dataclasses.replace(preprocessing, scale=preprocessing.scale * (signature.white / 255))


def load_model(folder: Path, **settings: Any) -> Model:
    """Load the network that `save_model` left in `folder`. Raises `UserError` if it is missing or damaged.

    `settings` take the place of the network's own: those that leave its parameters as they are, such as `dtype`.
    """
    description_file, arrays_file = folder / DESCRIPTION, folder / ARRAYS
    described = read_description(description_file)
    arrays = read_arrays(arrays_file, described.sha256)
    with as_user_error(arrays_file, "is damaged ({error})", REMEDY):
        preprocessing = Preprocessing.from_entries(arrays)
    if sum(described.network.depths) > len(arrays):  # each would be made before its array is missed
        what = f"describes {sum(described.network.depths):,} layers, which {ARRAYS} does not have"
        raise UserError(description_file, what, REMEDY)
    signature = Signature(described.in_ch, len(described.classes.names), preprocessing)
    with as_user_error(description_file, "does not describe a network ({error})", REMEDY):
        network = abstract_network(dataclasses.replace(described.network, **settings), signature)
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    check_names(parameters, statistics, arrays, arrays_file)
    model = Model(graph, parameters, statistics, described.classes, signature)
    return with_arrays(model, arrays)


def reading(file: Path) -> AbstractContextManager[None]:
    """Within the block, an error of reading `file` is a `UserError`, which says if the file is missing."""
    return as_user_error(file, "cannot be read ({error})" if file.exists() else "is missing", REMEDY)


class Description(NamedTuple):
    """The content of `model.json`."""

    network: Network
    in_ch: int
    classes: Classes
    sha256: str


def read_description(file: Path) -> Description:
    with reading(file):
        text = file.read_text(encoding="utf-8")
    with as_user_error(file, "is damaged ({kind}: {error})", REMEDY):
        values = json.loads(text)
        version = values["format"]
        if version != FORMAT:
            raise UserError(file, f"has format {version!r}, not {FORMAT}", "use the version that wrote it")
        settings: dict[str, Any] = {
            name: tuple(x) if isinstance(x, list) else x for name, x in values["network"].items()
        }
        network = Network(**settings)
        network.check()
        classes = checked_classes(values["classes"], values["signature"]["num_classes"])
        return Description(network, int(values["signature"]["in_ch"]), classes, str(values["sha256"]))


def checked_classes(values: Mapping[str, Any], num_classes: int) -> Classes:
    """The classes, as many as there are scores. Raises ValueError for others."""
    classes = Classes(tuple(values["names"]), tuple(values["colours"]), values["background"], values["foreground"])
    if not len(classes.names) == len(classes.colours) == num_classes:
        raise ValueError(f"{len(classes.names)} names and {len(classes.colours)} colours of {num_classes} classes")
    if classes.background is not None and classes.background not in range(num_classes):
        raise ValueError(f"background {classes.background!r} is none of {num_classes} classes")
    for colour in classes.colours:
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError(f"colour {colour!r} is not #rrggbb")
    return classes


def read_arrays(file: Path, digest: str) -> dict[str, np.ndarray]:
    with reading(file):
        if sha256(file) != digest:
            raise UserError(file, f"is not what {DESCRIPTION} beside it is of (its digest differs)", REMEDY)
        return load(file)


def check_names(parameters: nnx.State, statistics: nnx.State, arrays: Mapping[str, Any], file: Path) -> None:
    """Raise `UserError` unless `arrays` are those of the network, in its shapes and dtypes."""
    expected = named(parameters) | named(nnx.filter_state(statistics, SAVED))
    given = {name for name in arrays if not name.startswith("preprocessing/")}
    for name in sorted(expected.keys() ^ given):
        which = "lacks" if name in expected else "has an unknown"
        raise UserError(file, f"{which} {name!r}", REMEDY)
    for name, variable in expected.items():
        array, abstract = arrays[name], variable.get_value()
        if (array.shape, array.dtype) != (abstract.shape, abstract.dtype):
            what = f"has {name!r} as {array.dtype}{array.shape}, not {abstract.dtype}{abstract.shape}"
            raise UserError(file, what, REMEDY)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
