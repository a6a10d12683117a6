"""Arrays by name: those in memory, those of a file seen before they are read, and the error for a file at fault."""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# All arrays of a file may take FREE_BYTES + MAX_RATIO times the file's size. Real parameters compress
# little. Zeros do, so small files are let through.
FREE_BYTES = 16 * 2**20
MAX_RATIO = 20


@dataclass(frozen=True)
class Entry:
    """One array of a file, not read yet: `np.asarray(entry)` reads it.

    Attributes:
      shape, dtype: as the file declares them.
      read: gives the array.
      stored: bytes that the file has for it, uncompressed; None where the library checks that itself.
      buffer: bytes that the library takes to read a part of it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], np.ndarray]
    stored: int | None = None
    buffer: int = 0

    @property
    def nbytes(self) -> int:
        return prod(map(int, self.shape)) * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.read(), dtype)


class FileError(ValueError):
    """A file that cannot be read, with the reason. Users see a ValueError."""

    def __init__(self, path: str, reason: str, entry: str | None = None):
        where = "" if entry is None else f": entry {entry[:200]!r}"
        super().__init__(f"{path!r} cannot be read{where}: {reason}")


@contextmanager
def naming(path: str, entry: str | None = None) -> Iterator[None]:
    """Turn whatever a library raises for a damaged file into one `FileError`.

    h5py, zipfile, NumPy, safetensors and torch raise a dozen classes of errors for it.
    """
    try:
        yield
    except (FileError, ImportError):
        raise
    except Exception as error:
        text = "".join(c if c.isprintable() else " " for c in str(error))  # the file's own bytes may be in it
        reason = " ".join(text.split())[:300] or "no reason given"
        text = f"it is damaged, or not what it seems ({type(error).__name__}: {reason})"
        raise FileError(path, text, entry) from error


def checked_entries(path: str, named: Iterable[tuple[str, Entry]], file_size: int) -> dict[str, Entry]:
    """The entries by name, if they hold numbers and need no more memory than a file of this size may ask for."""
    entries: dict[str, Entry] = {}
    for name, entry in named:
        if name in entries:
            raise FileError(path, "two of its arrays have this name", name)
        if not is_number(entry.dtype):
            raise FileError(path, f"its dtype is {entry.dtype}; only arrays of numbers are read", name)
        if entry.stored not in (None, entry.nbytes):
            need = f"{entry.dtype} of shape {entry.shape} needs {entry.nbytes:,} bytes"
            raise FileError(path, f"{need}, {entry.stored:,} are there", name)
        entries[name] = replace(entry, read=naming(path, name)(entry.read))
    memory = {name: max(entry.nbytes, entry.buffer) for name, entry in entries.items()}
    total, allowed = sum(memory.values()), FREE_BYTES + MAX_RATIO * file_size
    if total > allowed:
        reason = f"it needs {total:,} bytes of arrays in a file of {file_size:,} bytes, at most {allowed:,} are taken"
        raise FileError(path, f"{reason}; this entry needs most", max(memory, key=lambda name: memory[name]))
    return entries


def require(package: str, path: str, extra: str | None = "weights") -> ModuleType:
    """The imported package; ImportError with the command that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        wanted = package if extra is None else f'"jtconv[{extra}]"'
        needed = package.partition(".")[0]
        raise ImportError(f"{path!r}: this kind of file needs {needed}; run `pip install {wanted}`.") from error


def checked_mapping(name: str, arrays: Any) -> Mapping[str, Any]:
    """The argument called `name`, if it is a mapping whose keys are strings."""
    if not isinstance(arrays, Mapping):
        raise TypeError(f"`{name}` must be a mapping of names to arrays, got {type(arrays).__name__}.")
    for key in arrays:
        if not isinstance(key, str):
            raise TypeError(f"`{name}` must have names that are strings, got {key!r} ({type(key).__name__}).")
    return arrays


def numbers(name: str, key: str, value: Any) -> Any:
    """`value` as an array of numbers: JAX's and a file's entries as they are, else NumPy's."""
    torch = sys.modules.get("torch")  # whoever has a tensor has imported it
    try:
        if torch is not None and isinstance(value, torch.Tensor):
            value = tensor_array(value.detach().cpu(), torch)
        array = value if isinstance(value, jax.Array | Entry) else np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}`: {key!r} must hold numbers, got {type(value).__name__}: {error}") from None
    if not is_number(array.dtype):
        raise ValueError(f"`{name}`: {key!r} must hold numbers, got {type(value).__name__} of dtype {array.dtype}.")
    return array


def tensor_array(tensor: Any, torch: Any) -> np.ndarray:
    """A copy of a torch tensor without gradient, on the CPU; NumPy has no bfloat16, so that one goes by its bits."""
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(jnp.bfloat16).copy()
    return np.array(tensor.resolve_conj().resolve_neg().numpy())


def is_number(dtype: Any) -> bool:
    return jnp.issubdtype(dtype, jnp.number) or dtype == np.dtype(bool)
