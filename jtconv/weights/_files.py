"""Arrays by name, from and to files."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jtconv._geometry import arguments as arg
from jtconv.weights._entries import Entry, FileError, checked_entries, checked_mapping, naming
from jtconv.weights._formats import FORMATS, Format
from jtconv.weights._whole import whole


def load(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read every array of a file, by the name that it has there.

    The first bytes tell what the file is: `.npz`; `.safetensors` (needs safetensors); HDF5 as Keras
    writes it, `.h5` and `.weights.h5` (needs h5py); torch's `.pth` of a state dict (needs torch).
    Arrays in Keras's files are called layer/weight, such as "block1_conv1/block1_conv1_W_1:0",
    "block1_conv1/block1_conv1/kernel:0" or "block1_conv1/0", as the file has it.

    Nothing in the file is executed: no pickled object is made, no link followed, no other file
    opened; for `.pth` this is torch's promise, and holds from torch 2.10. Sizes are checked before
    memory is taken: all arrays together are at most 16 MiB and 20 times the file, which compressed
    parameters do not come near. "Damaged and hostile files" in the documentation says what each
    format's library promises.

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
    `model.load_weights` reads them. The file is written whole or not at all, with the permissions that the
    umask leaves.

    Raises ValueError for another suffix, an empty name, and an array that the format cannot hold.
    """
    path = Path(_checked_path(path))
    by_suffix = {suffix: format_ for format_ in FORMATS for suffix in format_.suffixes}
    if path.suffix not in by_suffix:
        raise ValueError(f"`path` must end in {', '.join(by_suffix)}, got {str(path)!r}.")
    format_ = by_suffix[path.suffix]
    checked = {name: _writable(format_, name, x) for name, x in checked_mapping("arrays", arrays).items()}
    with whole(path) as temporary:
        format_.write(str(temporary), checked)


def _checked_path(path: Any) -> str:
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


def _writable(format_: Format, name: str, array: ArrayLike) -> np.ndarray:
    suffix = format_.suffixes[0]
    if not name:
        raise ValueError(f"`arrays` must have names that are strings, not empty, got {name!r}.")
    if "\0" in name:
        raise ValueError(f"`arrays`: {name!r} is a name that {suffix} cannot hold.")
    try:
        array = np.asarray(array, order="C")
    except (TypeError, ValueError) as error:  # of rows of different lengths, say
        raise ValueError(f"`arrays`: {name!r} must hold an array, got {type(array).__name__}: {error}") from None
    if not format_.holds(array.dtype):
        other = ", or save it as .safetensors" if array.dtype.name == "bfloat16" else ""
        raise ValueError(
            f"`arrays`: {name!r} has dtype {array.dtype}, which {suffix} cannot hold; cast it to float32{other}."
        )
    return array.astype(array.dtype.newbyteorder("="), copy=False)  # safetensors writes the bytes as they are


@contextmanager
def open_entries(path: str | os.PathLike[str]) -> Iterator[dict[str, Entry]]:
    """The arrays of a file, checked but not read. Reading them raises `FileError` too."""
    path = _checked_path(path)
    with open(path, "rb") as file:
        head = file.read(16)
    with ExitStack() as stack:
        with naming(path):
            format_ = next((f for f in FORMATS if f.matches(path, head)), None)
            if format_ is None:
                known = ", ".join(f.name for f in FORMATS)
                raise FileError(path, f"it starts with {head!r}, which none of {known} does")
            entries = checked_entries(path, format_.entries(path, stack), os.path.getsize(path))
        yield entries
