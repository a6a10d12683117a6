"""Arrays by name, from and to files."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jtconv._geometry import arguments as arg
from jtconv.weights import _h5, _npz, _pth, _safetensors
from jtconv.weights._entry import Entry
from jtconv.weights._numpy import checked_mapping
from jtconv.weights._refusal import Refusal, check_sizes, refusing

_KINDS = ".npz, .safetensors, Keras's .h5, torch's .pth"
_WRITERS = {".npz": _npz.write, ".safetensors": _safetensors.write, ".h5": _h5.write, ".hdf5": _h5.write}


def load(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Every array of a file, by the name that it has there.

    The first bytes tell what the file is: `.npz`; `.safetensors` (needs safetensors); HDF5 as Keras
    writes it, `.h5` and `.weights.h5` (needs h5py); torch's `.pth` of a state dict (needs torch).
    Arrays in Keras's files are called layer/weight, such as "block1_conv1/block1_conv1_W_1:0",
    "block1_conv1/block1_conv1/kernel:0" or "block1_conv1/0", as the file has it.

    Nothing in the file is executed: no pickled object is made, no link followed, no other file
    opened. Sizes are checked before memory is taken: all arrays together are at most 16 MiB and 20
    times the file, which compressed parameters do not come near.

    Raises ValueError with the file, the entry and the reason for a damaged or hostile file, and for
    one of another kind; ImportError for a package that is not installed; OSError as `open` does.

    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/up.npz", {"up1.weight": np.ones((3, 2, 4, 4), np.float32)})
    ...     load(f"{folder}/up.npz")["up1.weight"].shape
    (3, 2, 4, 4)
    """
    with open_entries(path) as entries:
        return {name: entry.read() for name, entry in entries.items()}


def save(path: str | os.PathLike[str], arrays: Mapping[str, ArrayLike]) -> None:
    """Write arrays by name, in the format of the suffix: `.npz`, `.safetensors`, `.h5` or `.hdf5`.

    HDF5 files whose names are all layer/weight ("conv6/kernel") are written in Keras's layout, and
    `model.load_weights` reads them. The file is written whole or not at all.

    Raises ValueError for another suffix, an empty name, and an array that the format cannot hold.
    """
    path = Path(checked_path(path))
    if path.suffix not in _WRITERS:
        raise ValueError(f"`path` must end in {', '.join(_WRITERS)}, got {str(path)!r}.")
    checked = {name: _writable(path, name, array) for name, array in checked_mapping("arrays", arrays).items()}
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        _WRITERS[path.suffix](str(temporary), checked)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def checked_path(path: Any) -> str:
    """`path` as a string; TypeError for what is none, ValueError for one that no file can have."""
    try:
        name = os.fsencode(path)
    except TypeError:
        raise TypeError(f"`path` must be a path, got {arg.shown(path)} ({type(path).__name__}).") from None
    except UnicodeEncodeError:
        name = b"\0"
    if b"\0" in name:
        raise ValueError(f"`path` must be one that the file system can hold, got {arg.shown(path)}.")
    return os.fsdecode(name)


def _writable(path: Path, name: str, array: ArrayLike) -> np.ndarray:
    if not isinstance(name, str) or not name:
        raise ValueError(f"`arrays` must have names that are strings, not empty, got {name!r}.")
    if "\0" in name or (path.suffix == ".safetensors" and name == "__metadata__"):
        raise ValueError(f"`arrays`: {name!r} is a name that {path.suffix} cannot hold.")
    try:
        array = np.asarray(array, order="C")
    except (TypeError, ValueError) as error:  # of rows of different lengths, say
        raise ValueError(f"`arrays`: {name!r} must hold an array, got {type(array).__name__}: {error}") from None
    if not _can_hold(path.suffix, array.dtype):
        raise ValueError(
            f"`arrays`: {name!r} has dtype {array.dtype}, which {path.suffix} cannot hold; cast it to float32"
            + (", or save it as .safetensors." if array.dtype.name == "bfloat16" else ".")
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)  # safetensors writes the bytes as they are


def _can_hold(suffix: str, dtype: np.dtype[Any]) -> bool:
    if suffix == ".safetensors":
        return dtype.newbyteorder("=") in _safetensors.DTYPES.values()
    return dtype.kind in "biufc"


@contextmanager
def open_entries(path: str | os.PathLike[str]) -> Iterator[dict[str, Entry]]:
    """The arrays of a file, checked but not read. Reading them fails with ValueErrors too."""
    path = checked_path(path)
    with open(path, "rb") as file:
        head = file.read(16)
    with ExitStack() as stack:
        with refusing(path):
            entries = _entries(path, head, stack)
            check_sizes(path, entries, os.path.getsize(path))
        yield {name: replace(entry, read=partial(_read, path, name, entry)) for name, entry in entries.items()}


def _entries(path: str, head: bytes, stack: ExitStack) -> dict[str, Entry]:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _h5.entries(path, stack)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _entries_of_zip(path, stack)
    if head[8:9] == b"{":
        return _safetensors.entries(path, stack)
    if head.startswith(b"\x80"):
        return _pth.entries(path, stack, zipped=False)
    raise Refusal(path, f"it starts with {head!r}, which none of {_KINDS} does")


def _entries_of_zip(path: str, stack: ExitStack) -> dict[str, Entry]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    names = [info.filename for info in members]
    if "model.weights.h5" in names:
        raise Refusal(path, "it is a whole Keras model; unzip it and load the model.weights.h5 in it")
    if any(name.endswith("/data.pkl") for name in names):
        _check_stored(path, members)
        return _pth.entries(path, stack, zipped=True)
    return _npz.entries(path, stack)


def _check_stored(path: str, members: list[zipfile.ZipInfo]) -> None:
    """torch maps the file into memory, where it takes compressed bytes for numbers."""
    for info in members:
        if info.compress_type != zipfile.ZIP_STORED:
            method = info.compress_type
            raise Refusal(path, f"its compression method is {method}; torch's files are not compressed", info.filename)


def _read(path: str, name: str, entry: Entry) -> np.ndarray:
    with refusing(path, name):
        return entry.read()
