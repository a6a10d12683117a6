"""The formats of files of parameters, one row each: how to recognise, read and write a file. Libraries do the work."""

import mmap
import pickle
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy

from jtconv.weights import _h5 as h5
from jtconv.weights._entries import Entry, FileError, require, tensor_array

Arrays = dict[str, np.ndarray]


class Format(NamedTuple):
    """How one format is recognised, read and written."""

    name: str  # in messages
    matches: Callable[[str, bytes], bool]  # a file, by its path and its first bytes
    entries: Callable[[str, ExitStack], Iterable[tuple[str, Entry]]]  # names and arrays, none of them read
    suffixes: tuple[str, ...] = ()  # of the files that are written
    write: Callable[[str, Arrays], None] = lambda path, arrays: None
    holds: Callable[[np.dtype[Any]], bool] = lambda dtype: dtype.kind in "biufc"


# --- NumPy's .npz: a zip of .npy files ------------------------------------------------------

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def _members(path: str, *methods: int) -> list[zipfile.ZipInfo]:
    """The members of a zip archive, if all are compressed by one of these methods."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.compress_type not in methods:
                reason = f"its compression method is {info.compress_type}, not {' or '.join(map(str, methods))}"
                raise FileError(path, reason, info.filename)
        return archive.infolist()


def _npz_entries(path: str, stack: ExitStack) -> Iterator[tuple[str, Entry]]:
    # Python undoes LZMA too, which NumPy does not write: it may ask for gigabytes before the first byte.
    members = _members(path, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    archive = stack.enter_context(np.load(path, allow_pickle=False))
    if "model.weights.h5" in archive:
        raise FileError(path, "it is a whole Keras model; unzip it and load the model.weights.h5 in it")
    for info in members:
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            raise FileError(path, "it is not a .npy array", name)
        with archive.zip.open(info) as file:
            header = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = header(file)
            there = info.file_size - file.tell()
        yield name, Entry(shape, dtype, partial(archive.__getitem__, info.filename), stored=there)


def _write_npz(path: str, arrays: Arrays) -> None:
    """An uncompressed .npz. `np.savez` takes names as keywords, which "file" cannot be."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                npy.write_array(file, array, allow_pickle=False)


# --- .safetensors ---------------------------------------------------------------------------

_DTYPES = {
    **{f"F{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    **{f"{kind[0].upper()}{bits}": np.dtype(f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    "BF16": np.dtype(jnp.bfloat16),
    "BOOL": np.dtype(bool),
    "C64": np.dtype(np.complex64),
}


def _safetensors_entries(path: str, stack: ExitStack) -> Iterator[tuple[str, Entry]]:
    file = stack.enter_context(require("safetensors", path).safe_open(path, framework="numpy"))
    for name in file.keys():  # noqa: SIM118 (not a dictionary)
        view = file.get_slice(name)
        if view.get_dtype() not in _DTYPES:
            raise FileError(path, f"its dtype is {view.get_dtype()}; only {', '.join(_DTYPES)} are read", name)
        yield name, Entry(tuple(view.get_shape()), _DTYPES[view.get_dtype()], partial(file.get_tensor, name))


def _write_safetensors(path: str, arrays: Arrays) -> None:
    if "__metadata__" in arrays:
        raise ValueError("`arrays`: '__metadata__' is a name that .safetensors cannot hold.")
    require("safetensors.numpy", path).save_file(arrays, path)


# --- torch's .pth: a pickle, alone or in a zip with the bytes of the tensors ----------------


def _matches_pth(path: str, head: bytes) -> bool:
    if not head.startswith(_ZIP):
        return head.startswith(b"\x80")
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/data.pkl") for name in archive.namelist())


def _pth_entries(path: str, stack: ExitStack) -> Iterator[tuple[str, Entry]]:
    torch = require("torch", path, extra=None)
    with open(path, "rb") as file:
        zipped = file.read(4) in _ZIP
        # torch cannot map older files. In a file mapped here, no damaged length can ask for more bytes than are there.
        source = path if zipped else stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    records = _record_sizes(path) if zipped else None
    try:
        state = torch.load(source, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError:  # its text has names from the file, and advises to execute what is there
        raise FileError(path, "it holds objects other than tensors; save `model.state_dict()`") from None
    if not isinstance(state, dict):
        raise FileError(path, f"it holds a {type(state).__name__}; save `model.state_dict()`")
    for name, tensor in state.items():
        _check_tensor(path, name, tensor, torch)
    storages = {s.data_ptr(): s.nbytes() for s in (tensor.untyped_storage() for tensor in state.values()) if s.nbytes()}
    if records is not None and not Counter(storages.values()) <= records:
        raise FileError(path, "its tensors' sizes are not those of its records")
    for name, tensor in state.items():
        dtype = np.dtype(str(tensor.dtype).removeprefix("torch."))
        yield name, Entry(tuple(tensor.shape), dtype, partial(tensor_array, tensor.detach(), torch))


def _record_sizes(path: str) -> Counter[int]:
    """Sizes of the tensors' records. torch maps them into memory: compressed or damaged bytes would be numbers too."""
    members = _members(path, zipfile.ZIP_STORED)
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise FileError(path, "its checksum does not fit", damaged)
    return Counter(info.file_size for info in members if "/data/" in info.filename)


def _check_tensor(path: str, name: Any, tensor: Any, torch: Any) -> None:
    if not isinstance(name, str):
        raise FileError(path, f"the names of a state dict are strings, one is {name!r:.99}")
    if not isinstance(tensor, torch.Tensor):
        kind = type(tensor).__name__
        raise FileError(path, f"it is a {kind}, not a tensor; save `model.state_dict()` by itself", name)
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise FileError(path, "it is sparse, quantised or without data", name)


FORMATS = (  # the first that matches: torch's zip is a zip too
    Format("torch's .pth", _matches_pth, _pth_entries),
    Format(".npz", lambda _, head: head.startswith(_ZIP), _npz_entries, (".npz",), _write_npz),
    Format(
        ".safetensors",
        lambda _, head: head[8:9] == b"{",
        _safetensors_entries,
        (".safetensors",),
        _write_safetensors,
        lambda dtype: dtype.newbyteorder("=") in _DTYPES.values(),
    ),
    Format("Keras's .h5", lambda _, head: head.startswith(h5.SIGNATURE), h5.entries, (".h5", ".hdf5"), h5.write),
)
