"""`model.json`: the network that `model.safetensors` beside it is of, its classes, and where in a run it was saved.

A file at fault, this or another of the folder, is a `SavedModelError`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from jtconv.models._fcn import FCN, FCN2, FCN4, FCN8, FCN16, FCN32
from jtconv.models._inference import MAX_STAGES
from jtconv.models._model import Classes
from jtconv.weights._faults import READING_FAILS, in_one_line

ARRAYS, BEST_ARRAYS, DESCRIPTION = "model.safetensors", "model_best.safetensors", "model.json"
FORMAT = 1
MAX_CLASSES = 256  # a class is a byte
NETWORKS: dict[str, type[FCN]] = {kind.__name__.lower(): kind for kind in (FCN2, FCN4, FCN8, FCN16, FCN32)}
REMEDY = "name the folder of a run that has been trained to its end"


class SavedModelError(ValueError):
    """A file, what is wrong with it, and what to do: one line."""

    def __init__(self, file: Path, what: str, remedy: str):
        super().__init__(f"`folder`: {file} {what}: {remedy}.")
        self.file, self.what, self.remedy = file, what, remedy


@contextmanager
def faults(file: Path, what: str) -> Iterator[None]:
    """Within the block, an error of reading `file` is a `SavedModelError`; `what` may hold its {kind} and {error}."""
    try:
        yield
    except SavedModelError:
        raise
    except READING_FAILS as error:
        raise SavedModelError(file, in_one_line(what, error), REMEDY) from error


def reading(file: Path) -> AbstractContextManager[None]:
    """Within the block, an error of reading `file` is a `SavedModelError`, which says if the file is missing."""
    return faults(file, "cannot be read ({error})" if file.exists() else "is missing")


class Checkpoint(NamedTuple):
    """The time in a run at which a network was as it is saved."""

    step: int
    mean_iou: float | None = None  # of the held-out pictures, then

    def in_words(self) -> str:
        return f"step {self.step:,}" + ("" if self.mean_iou is None else f", mean IoU {self.mean_iou:.4f}")


class Origin(NamedTuple):
    """Which checkpoints of a run are saved. `model.safetensors` is the last if there is that, else the best."""

    last: Checkpoint | None = None
    best: Checkpoint | None = None

    def in_words(self, name: str | None = None) -> str:
        """Say which checkpoint `name` is; that in `model.safetensors` if left out."""
        one = self.last if name == "last" or (name is None and self.last is not None) else self.best
        if one is None:
            return ""
        kind = "the last, and the best" if self.last == self.best else "the last" if one is self.last else "the best"
        return f"{kind} of the run ({one.in_words()})"


UNKNOWN = Origin()  # of no run


class Description(NamedTuple):
    """The content of `model.json`."""

    network: dict[str, Any]
    in_ch: int
    classes: Classes
    sha256: str
    origin: Origin
    checkpoints: dict[str, tuple[str, str]]  # file and digest of each

    @property
    def depths(self) -> tuple[int, ...]:
        return self.network["depths"]


def read_description(file: Path) -> Description:
    with reading(file):
        text = file.read_text(encoding="utf-8")
    with faults(file, "is damaged ({kind}: {error})"):
        values = json.loads(text)
        version = values["format"]
        if version != FORMAT:
            later = isinstance(version, int) and version > FORMAT
            remedy = "use a later version of jtconv, or the one that wrote it" if later else REMEDY
            raise SavedModelError(file, f"has format {version!r}, not {FORMAT}", remedy)
        network = {name: tuple(x) if isinstance(x, list) else x for name, x in values["network"].items()}
        _check_settings(network)
        classes = checked_classes(values["classes"], values["signature"]["num_classes"])
        saved = {name: values.get("checkpoints", {}).get(name) for name in Origin._fields}
        saved = {name: x for name, x in saved.items() if x is not None}
        origin = Origin(**{name: _checkpoint(x) for name, x in saved.items()})
        files = {name: (_arrays_name(x["file"]), str(x["sha256"])) for name, x in saved.items()}
        in_ch = int(values["signature"]["in_ch"])
        return Description(network, in_ch, classes, str(values["sha256"]), origin, files)


def _check_settings(network: Mapping[str, Any]) -> None:
    known = signature(FCN.__init__).parameters.keys() - {"self", "num_classes", "in_ch", "rngs"} | {"decoder"}
    if wrong := sorted(known - {"relu_skips"} - network.keys()) + sorted(network.keys() - known):
        raise ValueError(f"setting {wrong[0]!r} is missing or unknown")
    if network["decoder"] not in NETWORKS:
        raise ValueError(f"decoder {network['decoder']!r} is none of {', '.join(NETWORKS)}")
    depths = network["depths"]
    if not isinstance(depths, tuple) or not all(type(depth) is int and depth >= 1 for depth in depths):
        raise ValueError(f"`depths` must be counts of at least 1, got {depths!r}")
    if len(depths) > MAX_STAGES:
        raise ValueError(f"`depths` must be at most {MAX_STAGES} counts, got {len(depths)}")


def _checkpoint(values: Mapping[str, Any]) -> Checkpoint:
    step, mean_iou = values["step"], values["mean_iou"]
    if type(step) is not int or not (mean_iou is None or (type(mean_iou) is float and math.isfinite(mean_iou))):
        raise ValueError(f"a checkpoint has step {step!r} and mean IoU {mean_iou!r}")
    return Checkpoint(step, mean_iou)


def _arrays_name(name: Any) -> str:
    if name not in (ARRAYS, BEST_ARRAYS):
        raise ValueError(f"a checkpoint's file is {name!r}")
    return name


def checked_classes(values: Mapping[str, Any], num_classes: int) -> Classes:
    """The classes, as many as there are scores. Raises ValueError for others."""
    classes = Classes(tuple(values["names"]), tuple(values["colours"]), values["background"], values["foreground"])
    if not len(classes.names) == len(classes.colours) == num_classes:
        raise ValueError(f"{len(classes.names)} names and {len(classes.colours)} colours of {num_classes} classes")
    if num_classes > MAX_CLASSES:
        raise ValueError(f"{num_classes} classes, more than {MAX_CLASSES}")
    if classes.background is not None and classes.background not in range(num_classes):
        raise ValueError(f"background {classes.background!r} is none of {num_classes} classes")
    for colour in classes.colours:
        if not Classes.is_colour(colour):
            raise ValueError(f"colour {colour!r} is not #rrggbb")
    return classes
