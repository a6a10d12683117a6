"""HDF5 as Keras writes it: `model.save_weights`, `model.save` to .h5, and Keras 3's .weights.h5.

Keras's older layouts store the weight that a group's `weight_names` calls W, of the layer L of
`layer_names`, at L/W: the paths say it all, so no attribute is read. Keras 3 numbers a layer's
variables, at …/vars/0 and …/vars/1, and the attribute `name` of …/vars is the layer's.

h5py reads the file. Four things are checked here, because HDF5 does as such a file says: that it
leads to no other file, that every chunk is there, how much memory a chunk takes, and that the
strings' heaps are sound.
"""

import mmap
import re
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from math import prod
from typing import Any

import numpy as np

from jtconv.weights._entries import Entry, FileError, require

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}  # those that come with h5py
_NOT_PARAMETERS = ("optimizer_weights", "optimizer")
_MAX_NAME = 1024  # characters


def entries(path: str, stack: ExitStack) -> Iterator[tuple[str, Entry]]:
    """The arrays of the file by name, none of them read."""
    h5py = require("h5py", path)
    root = stack.enter_context(h5py.File(path, "r"))
    links: list[tuple[str, Any]] = []
    root.visititems_links(lambda name, link: links.append((name, link)))
    is_keras_3 = any(name == "layers" for name, _ in links)
    if is_keras_3:
        _check_heaps(path, root)
    found = []
    for where, link in links:
        if not isinstance(link, h5py.HardLink):
            raise FileError(path, "it is a link, which may lead out of the file; only plain entries are read", where)
        top, _, rest = where.partition("/")
        if isinstance(root[where], h5py.Group) or (rest and top in _NOT_PARAMETERS):
            continue
        entry = _entry(path, where, root[where], h5py)
        short = rest if rest and top == "model_weights" else where
        group, _, number = where.rpartition("/")
        layer = _layer_name(path, root[group]) if is_keras_3 and group.endswith("/vars") else None
        found.append((short, short if layer is None else f"{layer}/{number}", entry))
    times = Counter(name for _, name, _ in found)
    for short, name, entry in found:  # two layers may have one name
        yield name if times[name] == 1 else short, entry


def _layer_name(path: str, group: Any) -> str | None:
    """The attribute `name`, if there is one."""
    if "name" not in group.attrs:
        return None
    attribute = group.attrs.get_id("name")
    if attribute.shape == () and attribute.get_storage_size() <= _MAX_NAME:
        name = group.attrs["name"]
        name = name.decode() if isinstance(name, bytes) else name
        if isinstance(name, str) and len(name) <= _MAX_NAME:
            return name
    raise FileError(path, "its attribute `name` is not one short string", group.name)


def _entry(path: str, where: str, dataset: Any, h5py: Any) -> Entry:
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.is_virtual or dataset.external:
        raise FileError(path, "it is not an array whose numbers are in this file", where)
    entry = partial(Entry, dataset.shape, dataset.dtype, lambda: np.asarray(dataset[()]))
    if dataset.chunks is None:
        return entry(dataset.id.get_storage_size())
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if len(set(filters) & set(_FILTERS)) != len(filters):
        known = ", ".join(_FILTERS.values())
        raise FileError(path, f"its filters are {filters}; only {known} are read, each applied once", where)
    # HDF5 reads a chunk that is not there as zeros, and takes memory for a whole chunk to undo its filters.
    needed = prod(-(-n // c) for n, c in zip(dataset.shape, dataset.chunks, strict=True))
    missing = max(needed - dataset.id.get_num_chunks(), 0)
    chunk = prod(dataset.chunks) * dataset.dtype.itemsize
    return entry(entry().nbytes * (needed - missing) // max(needed, 1), chunk)


def _check_heaps(path: str, root: Any) -> None:
    """Refuse a file whose heaps of strings would keep HDF5 (2.0.0) in an endless loop.

    It goes from object to object by their sizes, and stays for ever at free space of size 0 and at an
    object of 2**64 - 16 bytes, where the sum overflows. HDF5 File Format Specification, III.E: "GCOL",
    version, size; then objects, each an index, its size, and its data up to a multiple of eight.
    Index 0 is free space, whose size includes these 16 bytes.
    """
    if root.id.get_create_plist().get_sizes() != (8, 8):
        raise FileError(path, "its addresses and lengths are not of 8 bytes each, as h5py and Keras write them")
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for heap in re.finditer(rb"GCOL\x01\0\0\0", content):
            at = heap.end() + 8
            end = heap.start() + int.from_bytes(content[heap.end() : at], "little")
            while at + 16 <= end <= len(content):
                index, size = struct.unpack_from("<H6xQ", content, at)
                step = size if index == 0 else 16 + -(-size // 8) * 8
                if not 16 <= step <= end - at:
                    break
                at += step
            if not 0 <= end - at < 16:
                raise FileError(path, f"the sizes in its heap of strings at byte {heap.start()} do not add up")


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    """Write as Keras's `save_weights` does, if every name is that of a layer and a weight: "conv6/kernel"."""
    _check_names(arrays)
    layers: dict[str, list[str]] = {}
    for name in arrays:
        layer, _, weight = name.rpartition("/")
        layers.setdefault(layer, []).append(weight)
    with require("h5py", path).File(path, "w") as file:
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
