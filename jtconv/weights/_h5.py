"""HDF5 as Keras writes it: `model.save_weights`, `model.save` to .h5, and Keras 3's .weights.h5.

Keras's older layouts store the weight that a group's `weight_names` calls W, of the layer L of
`layer_names`, at L/W: the paths say it all, so no attribute is read. Keras 3 numbers a layer's
variables, at …/vars/0 and …/vars/1, and the attribute `name` of …/vars is the layer's.

Nothing but the file is read: links of every kind but plain ones, and data in other files, are refused.
"""

import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from jtconv.weights._entry import Entry
from jtconv.weights._h5_heaps import check_heaps
from jtconv.weights._refusal import Refusal, needs

_LONGEST_NAME = 1024
_FILTERS = ("gzip", "shuffle", "fletcher32", "lzf")  # those that come with h5py
_NOT_PARAMETERS = ("optimizer_weights", "optimizer")
_LARGEST_CHUNK = 2**24  # bytes, or twice the array: HDF5 takes memory for a whole chunk to undo its filters


def entries(path: str, stack: ExitStack) -> dict[str, Entry]:
    """The arrays of the file by name, none of them read."""
    h5py = needs("h5py", path)
    root = stack.enter_context(h5py.File(path, "r"))
    numbered = "layers" in list(root)  # not `in root`, which follows links
    if numbered:
        check_heaps(path, root)
    found: dict[str, Entry] = {}
    names: dict[str, str] = {}
    for where, dataset, layer in _datasets(path, h5py, root, numbered):
        top, _, rest = where.partition("/")
        if rest and top in _NOT_PARAMETERS:
            continue
        short = rest if rest and top == "model_weights" else where
        names[short] = short if layer is None else f"{layer}/{short.rpartition('/')[2]}"
        _put(path, found, short, _entry(path, where, dataset))
    shared = Counter(names.values())
    named: dict[str, Entry] = {}
    for short, entry in found.items():
        _put(path, named, names[short] if shared[names[short]] == 1 else short, entry)
    return named


def _put(path: str, entries: dict[str, Entry], name: str, entry: Entry) -> None:
    if name in entries:
        raise Refusal(path, "two of its arrays have this name", name)
    entries[name] = entry


def _datasets(path: str, h5py: Any, root: Any, numbered: bool) -> Iterator[tuple[str, Any, str | None]]:
    """(path in the file, dataset, Keras 3's name of the layer) of every dataset."""
    seen, groups = {_address(h5py, root)}, [("", root)]
    while groups:
        prefix, group = groups.pop()
        layer = _layer_name(path, prefix, group) if numbered and prefix.endswith("/vars/") else None
        for name in group:
            where = prefix + name
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Refusal(path, "it is a link, which may lead out of the file; only plain entries are read", where)
            child = group[name]
            if _address(h5py, child) in seen:
                raise Refusal(path, "it is at a second place in the file", where)
            seen.add(_address(h5py, child))
            if isinstance(child, h5py.Group):
                groups.append((f"{where}/", child))
            elif isinstance(child, h5py.Dataset):
                yield where, child, layer
            else:
                raise Refusal(path, f"it is a {type(child).__name__}, neither a group nor an array", where)


def _address(h5py: Any, thing: Any) -> int:
    return h5py.h5o.get_info(thing.id).addr


def _layer_name(path: str, where: str, group: Any) -> str | None:
    """The attribute `name`, if it is one string; the file's heaps are sound."""
    if "name" not in group.attrs:
        return None
    attribute = group.attrs.get_id("name")
    if attribute.shape != () or attribute.get_storage_size() > _LONGEST_NAME:
        raise Refusal(path, "its attribute `name` is not one short string", where)
    name = group.attrs["name"]
    name = name.decode() if isinstance(name, bytes) else name
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise Refusal(path, "its attribute `name` is not one short string", where)
    return name


def _entry(path: str, where: str, dataset: Any) -> Entry:
    if dataset.is_virtual or dataset.external:
        raise Refusal(path, "its data are in other files", where)
    if dataset.shape is None:
        raise Refusal(path, "it has no shape", where)
    filters = set(dataset._filters)
    if not filters <= set(_FILTERS):
        known = ", ".join(_FILTERS)
        raise Refusal(path, f"its filters are {sorted(map(str, filters))}; only {known} are read", where)
    entry = Entry(dataset.shape, dataset.dtype, partial(_read, dataset))
    stored = dataset.id.get_storage_size()
    if stored > os.path.getsize(path) or (stored < entry.nbytes and (not filters or not stored)):
        declared = f"{entry.dtype} of shape {entry.shape} needs {entry.nbytes:,} bytes"
        raise Refusal(path, f"{declared}, {stored:,} are said to be in a file of {os.path.getsize(path):,}", where)
    if dataset.chunks is not None:
        _check_chunks(path, where, dataset, entry)
    return entry


def _check_chunks(path: str, where: str, dataset: Any, entry: Entry) -> None:
    """As many as the shape needs, for HDF5 would fill in the others; none that takes far more memory than the array."""
    if dataset.id.get_create_plist().get_nfilters() != len(dataset._filters):
        raise Refusal(path, "one of its filters is applied twice", where)
    size, largest = math.prod(dataset.chunks) * entry.dtype.itemsize, max(2 * entry.nbytes, _LARGEST_CHUNK)
    if dataset._filters and size > largest:
        raise Refusal(path, f"its chunks are of {size:,} bytes, at most {largest:,} are taken", where)
    needed = math.prod(-(-n // c) for n, c in zip(entry.shape, dataset.chunks, strict=True))
    there = dataset.id.get_num_chunks()
    if there < needed:
        raise Refusal(path, f"{there:,} of its {needed:,} chunks are there", where)


def _read(dataset: Any) -> np.ndarray:
    array = np.empty(dataset.shape, dataset.dtype)
    if array.size:
        dataset.read_direct(array)
    return array


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    """As Keras's `save_weights` does, if every name is that of a layer and a weight: "conv6/kernel"."""
    _check_names(arrays)
    layers: dict[str, list[str]] = {}
    for name in arrays:
        layer, _, weight = name.rpartition("/")
        layers.setdefault(layer, []).append(weight)
    with needs("h5py", path).File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        if "" not in layers:
            file.attrs["layer_names"] = [layer.encode() for layer in layers]
            for layer, weights in layers.items():
                file[layer].attrs["weight_names"] = [weight.encode() for weight in weights]


def _check_names(arrays: dict[str, np.ndarray]) -> None:
    """Refuse names under which an array would not be read back."""
    folders = {name[:i] for name in arrays for i, c in enumerate(name) if c == "/"}
    skipped = ("model_weights", *_NOT_PARAMETERS)
    for name in arrays:
        top, *rest = parts = name.split("/")
        if "" in parts or "." in parts:
            raise ValueError(f"`arrays` must have names of parts between slashes, not empty nor '.', got {name!r}.")
        if rest and top in skipped:
            raise ValueError(f"`arrays`: {name!r} starts with {top!r}, which Keras's files keep for themselves.")
        if name in folders:
            raise ValueError(f"`arrays`: {name!r} is an array and the start of another's name, which HDF5 cannot hold.")
