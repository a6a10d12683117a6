"""Load a file's parameters into a network, and find the preprocessing of pictures that belongs to them."""

import os
from collections.abc import Mapping
from typing import Any

from jtconv.weights._entries import FileError, checked_mapping, numbers
from jtconv.weights._files import open_entries
from jtconv.weights._network_layers import framework_of, read_name
from jtconv.weights._networks import network_from
from jtconv.weights._normalised import all_folded
from jtconv.weights._parameter_specs import FIRST_KERNEL, RGB, flat_state, is_abstract, update
from jtconv.weights._preprocessing import PREFIX, Preprocessing


def load_into(model: Any, source: str | os.PathLike[str] | Mapping[str, Any]) -> Preprocessing | None:
    """Put the parameters of a file, or of arrays by name, into a network; all that fit or none.

    Which names are known, what is filled, and how other numbers of input channels than 3 are
    adapted to: see `network_from`. Parameters keep the model's dtypes. What the file does not have
    stays as it was. The entries are checked before any is read.

    Args:
      model: `VGG16`, an `FCN` such as `FCN8`, or its encoder. With shapes only
        (`nnx.eval_shape`), nothing is initialised in vain, and the file must have all.
      source: what `load` reads, or a mapping of names to arrays.

    Returns:
      The preprocessing of pictures: the file's own `Preprocessing`, else that of VGG-16 in the
      framework whose names are used, for as many channels as the model has; None if unknown.

    Raises TypeError and ValueError as `load` and `network_from` do.

    >>> import numpy as np
    >>> from flax import nnx
    >>> from jtconv.models import VGG16
    >>> model = VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0))
    >>> kernel, bias = np.ones((3, 3, 3, 2)), np.zeros(2)
    >>> load_into(model, {"block1_conv1/kernel": kernel, "block1_conv1/bias": bias}).mean
    (103.939, 116.779, 123.68)
    """
    if not isinstance(source, str | bytes | os.PathLike):
        arrays = checked_mapping("source", source)
        return _fill(model, {name: numbers("source", name, x) for name, x in arrays.items()})
    with open_entries(source) as entries:
        try:
            return _fill(model, entries)
        except FileError:  # has the file's name
            raise
        except ValueError as error:
            raise ValueError(f"{os.fspath(source)!r}: {error}") from error


def _fill(model: Any, entries: Mapping[str, Any]) -> Preprocessing | None:
    entries = all_folded("source", entries)
    arrays = network_from(entries, model)
    state = flat_state(model)
    empty = [name for name, variable in state.items() if name not in arrays and is_abstract(variable)]
    if empty:
        raise ValueError(
            "`model` holds shapes only, and these parameters are not in `source`; initialise it first: "
            + ", ".join(empty)
        )
    preprocessing = _preprocessing(entries)
    if preprocessing is not None:
        kernel = next(variable for name, variable in state.items() if name.endswith(FIRST_KERNEL))
        preprocessing = preprocessing.with_channels(kernel.shape[-2])
    update(model, arrays)
    return preprocessing


def _preprocessing(entries: Mapping[str, Any]) -> Preprocessing | None:
    """The file's own, else that of its names' framework, if its first kernel is for three channels."""
    if any(name.startswith(PREFIX) for name in entries):
        return Preprocessing.from_entries(entries)
    known = {"torch": ("features.0", 1, Preprocessing.torch), "keras": ("block1_conv1", -2, Preprocessing.keras)}
    framework = framework_of(entries)
    if framework not in known:
        return None
    layer, axis, preprocessing = known[framework]
    first = next(name for name in entries if read_name(framework, name, (layer,)) == (layer, "kernel"))
    return preprocessing() if entries[first].shape[axis] == RGB else None
