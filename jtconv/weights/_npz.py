"""NumPy's .npz: a zip of .npy files, each a header and the bytes of one array."""

import zipfile
from contextlib import ExitStack
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from jtconv.weights._entry import Entry
from jtconv.weights._refusal import Refusal

# Others (bzip2, LZMA) are not NumPy's, and may ask for gigabytes before the first byte.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def entries(path: str, stack: ExitStack) -> dict[str, Entry]:
    """The arrays of the file by name, none of them read."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    found: dict[str, Entry] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in found:
            raise Refusal(path, "it is there twice", name)
        if name == info.filename:
            raise Refusal(path, "it is not a .npy array", name)
        if info.compress_type not in _COMPRESSIONS:
            raise Refusal(path, f"its compression method is {info.compress_type}; NumPy's are 0 and 8", name)
        found[name] = _entry(path, name, archive, info)
    return found


def _entry(path: str, name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    with archive.open(info) as file:
        shape, _, dtype = _header(path, name, file)
        header_size = file.tell()

    def read() -> np.ndarray:
        with archive.open(info) as file:
            array = npy.read_array(file, allow_pickle=False)
            if file.read(1):  # at the end only is the checksum compared
                raise Refusal(path, "there is more after the array", name)
        return array

    entry = Entry(shape, dtype, read)
    if not dtype.hasobject and header_size + entry.nbytes != info.file_size:
        declared = f"{dtype} of shape {shape} needs {entry.nbytes:,} bytes"
        raise Refusal(path, f"{declared}, {info.file_size - header_size:,} are there", name)
    return entry


def _header(path: str, name: str, file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise Refusal(path, f"version {version} of .npy is not read", name)
    return _HEADERS[version](file)


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    """An uncompressed .npz."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                npy.write_array(file, array, allow_pickle=False)
