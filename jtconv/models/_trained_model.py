"""A trained network with all that it takes to use it: loaded from a folder, saved to one."""

import colorsys
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from jtconv._geometry import arguments as arg
from jtconv.models._description import MAX_CLASSES, Origin
from jtconv.models._fcn import FCN
from jtconv.models._inference import MAX_STAGES
from jtconv.models._model import Classes, Model, Signature
from jtconv.models._pictures import as_picture
from jtconv.models._saved_model import read_model, write_model
from jtconv.models._tiling import Tiling, classes_of_any
from jtconv.weights import Preprocessing


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network with its parameters, what its pictures go through, and its classes.

    Attributes:
      network: the FCN, in evaluation mode; `network.train()` to go on training it.
      preprocessing: pictures (…, h, w, in_ch) with values 0 to 255 -> what `network` takes.
      classes: a name for each class, in their order.
      colours: "#rrggbb" for each.
      origin: which checkpoint of a run it is, in words; "" for a network of no run.
    """

    network: FCN
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    colours: tuple[str, ...]
    origin: str = ""

    def predict(self, picture: Any) -> NDArray[np.uint8]:
        """The likeliest class of every pixel, (h, w): `classes[i]` is the name of class i.

        The same numbers as `python -m experiments.fcn predict` writes. Pictures may have any size: larger ones than
        1024 pixels are scored in tiles, and blended where they overlap.

        Args:
          picture: an array (h, w, in_ch) of uint8, an image of Pillow, or a path. With one channel, (h, w) will do.

        Raises TypeError and ValueError for a picture of another shape or dtype, and for a file that is none.
        """
        array = as_picture(picture, len(self.preprocessing.channels))
        graph, parameters, statistics = nnx.split(self.network, nnx.Param, ...)
        classes, signature = Classes(self.classes, self.colours), _signature(self.preprocessing, self.classes)
        model = Model(graph, parameters, statistics, classes, signature)
        return next(classes_of_any(model, [array], Tiling()))


def load(folder: str | os.PathLike[str], checkpoint: str | None = None) -> TrainedModel:
    """Load the trained network that a run of `python -m experiments.fcn train`, or `save`, left in `folder`.

    Reads model.json and model.safetensors, for which `pip install "jtconv[weights]"` is needed; nothing in them is
    executed.

    Args:
      folder: a run's --out.
      checkpoint: "last" for the network at the end of the run, "best" for that with the highest mean IoU of the
        held-out pictures. If left out, the one in model.safetensors: the last, or the best if the run ends early by
        itself (--patience). `TrainedModel.origin` says which it is.

    Raises ValueError for a folder without a trained model, a damaged file, a format of a later version, and a
    checkpoint that is not there; ImportError, with what to install, where safetensors is missing.

    >>> import tempfile, numpy as np
    >>> from jtconv.models import FCN32, load, save
    >>> from jtconv.weights import Preprocessing
    >>> network = FCN32(2, width=1, depths=(1,), head_ch=1, rngs=nnx.Rngs(0))
    >>> folder = tempfile.mkdtemp()
    >>> save(folder, network, classes=("sky", "tree"), preprocessing=Preprocessing.torch())
    >>> load(folder).predict(np.zeros((5, 7, 3), np.uint8)).shape
    (5, 7)
    """
    if checkpoint is not None:
        arg.one_of("checkpoint", checkpoint, Origin._fields)
    saved = read_model(_path(folder), checkpoint)
    model, classes = saved.model, saved.model.classes
    network: Any = nnx.merge(model.network, model.parameters, model.statistics)
    network.eval()
    return TrainedModel(network, model.signature.preprocessing, classes.names, classes.colours, saved.origin)


def save(
    folder: str | os.PathLike[str],
    network: FCN,
    *,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    colours: Sequence[str] | None = None,
) -> None:
    """Write model.safetensors and model.json, which `load` and `python -m experiments.fcn predict` read.

    Args:
      folder: made if need be; an older network in it is replaced.
      network: an FCN such as `FCN8`, of at most 5 stages.
      classes: a name for each of its classes, in their order.
      preprocessing: what pictures with values 0 to 255 go through before the network.
      colours: "#rrggbb" for each class; evenly spread hues if left out.

    Raises TypeError and ValueError for arguments that do not fit the network, OSError as `open` does.
    """
    path, settings = _path(folder), _settings(network)
    in_ch, num_classes = settings.pop("in_ch"), settings.pop("num_classes")
    names = _names("classes", classes, num_classes)
    colours = _hues(num_classes) if colours is None else _names("colours", colours, num_classes)
    for colour in colours:
        if not Classes.is_colour(colour):
            raise ValueError(f"`colours` must be written #rrggbb, got {arg.shown(colour)}.")
    if not isinstance(preprocessing, Preprocessing):
        raise TypeError(
            f"`preprocessing` must be a jtconv.weights.Preprocessing, such as Preprocessing.torch(), got "
            f"{arg.shown(preprocessing)}."
        )
    if len(preprocessing.channels) != in_ch:
        raise ValueError(
            f"`preprocessing` must be for the network's {in_ch} input channels, got one for "
            f"{len(preprocessing.channels)}: pass preprocessing.with_channels({in_ch})."
        )
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    model = Model(graph, parameters, statistics, Classes(names, colours), _signature(preprocessing, names))
    path.mkdir(parents=True, exist_ok=True)
    write_model(model, settings, path)


def _signature(preprocessing: Preprocessing, names: Sequence[str]) -> Signature:
    return Signature(len(preprocessing.channels), len(names), preprocessing)


def _path(folder: Any) -> Path:
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"`folder` must be the path of a folder, got {arg.shown(folder)} ({type(folder).__name__}).")
    return Path(folder)


def _settings(network: Any) -> dict[str, Any]:
    """The settings of a network as model.json has them."""
    if not isinstance(network, FCN):
        raise TypeError(f"`network` must be an FCN of jtconv.models, such as FCN8, got {type(network).__name__}.")
    settings: dict[str, Any] = asdict(network.settings)
    if len(settings["depths"]) > MAX_STAGES:
        raise ValueError(f"`network` must have at most {MAX_STAGES} stages to be saved, got {len(settings['depths'])}.")
    dtype = settings["dtype"]
    settings["dtype"] = "float32" if dtype is None else jnp.dtype(dtype).name
    return {"decoder": type(network).__name__.lower(), **settings}


def _names(name: str, values: Any, count: int) -> tuple[str, ...]:
    if isinstance(values, str) or not arg.is_sequence(values) or not all(isinstance(x, str) for x in values):
        raise TypeError(f"`{name}` must be strings, one per class, got {arg.shown(values)}.")
    if len(values) != count or count > MAX_CLASSES:
        most = f" (at most {MAX_CLASSES})" if count > MAX_CLASSES else ""
        raise ValueError(f"`{name}` must be {count} strings, one per class of the network{most}, got {len(values)}.")
    return tuple(values)


def _hues(count: int) -> tuple[str, ...]:
    rgb = (colorsys.hsv_to_rgb(i / count, 0.75, 0.8) for i in range(count))
    return tuple("#" + "".join(f"{round(255 * x):02x}" for x in colour) for colour in rgb)
