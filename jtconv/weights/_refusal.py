"""One error for every file that cannot be read, and the package that reading needs."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

import jax.numpy as jnp

from jtconv.weights._entry import Entry

# Compressed entries may hold more than the file, but real parameters compress little. Zeros do, so
# small arrays are let through.
_SLACK = 16 * 2**20
_LARGEST_RATIO = 20


class Refusal(ValueError):
    """A file that is not read, with the reason. Users see a ValueError."""

    def __init__(self, path: str, reason: str, entry: str | None = None):
        where = "" if entry is None else f": entry {entry[:200]!r}"
        super().__init__(f"{path!r} cannot be read{where}: {reason}")


@contextmanager
def refusing(path: str, entry: str | None = None) -> Iterator[None]:
    """Whatever reading a damaged file raises within the block, as one `Refusal`.

    The readers below (HDF5, zip, pickle, JSON) were not written for damaged files, and raise a
    dozen kinds of errors: none of them means anything but that the file is damaged.
    """
    try:
        yield
    except (Refusal, ImportError):
        raise
    except Exception as error:
        text = "".join(c if c.isprintable() else " " for c in str(error))  # a file's own words may be in it
        reason = " ".join(text.split())[:300] or "no reason given"
        raise Refusal(path, f"it is damaged, or not what it seems ({type(error).__name__}: {reason})", entry) from error


def check_sizes(path: str, entries: Mapping[str, Entry], file_size: int) -> None:
    """Refuse entries that are not numbers, or that need far more memory than the file is large."""
    for name, entry in entries.items():
        if not (jnp.issubdtype(entry.dtype, jnp.number) or entry.dtype == bool):
            raise Refusal(path, f"its dtype is {entry.dtype}; only arrays of numbers are read", name)
    total, allowed = sum(entry.nbytes for entry in entries.values()), _SLACK + _LARGEST_RATIO * file_size
    if total > allowed:
        name, largest = max(entries.items(), key=lambda item: item[1].nbytes)
        raise Refusal(
            path,
            f"it declares {total:,} bytes of arrays in a file of {file_size:,} bytes, at most {allowed:,} are taken; "
            f"the largest is {largest.dtype} of shape {largest.shape}",
            name,
        )


def needs(package: str, path: str, extra: str | None = "weights") -> ModuleType:
    """The imported package; ImportError with the command that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        wanted = package if extra is None else f'"jtconv[{extra}]"'
        raise ImportError(
            f"{path!r}: this kind of file needs {package.partition('.')[0]}; run `pip install {wanted}`."
        ) from error
