"""HDF5's global heaps, in which strings of any length lie, checked before HDF5 reads one.

The HDF5 library (2.0.0) adds up the sizes of a heap's objects without looking for an overflow: a
damaged size can keep it going round for ever, and nothing here could stop it. The layout is that of
the HDF5 File Format Specification, section III.E: "GCOL", version, size; then objects, each of an
index, its size and its data up to a multiple of eight; index 0 is the free space that ends it.
"""

import mmap
import struct
from typing import Any

from jtconv.weights._refusal import Refusal

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_HEADER = struct.Struct("<8sQ")
_OBJECT = struct.Struct("<HH4xQ")


def check_heaps(path: str, file: Any) -> None:
    """Refuse a file with a global heap whose objects do not fill it exactly."""
    if file.id.get_create_plist().get_sizes() != (8, 8):
        raise Refusal(path, "its addresses and lengths are not of 8 bytes each, as h5py and Keras write them")
    with open(path, "rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(_SIGNATURE)
        while at >= 0:
            if not _is_sound(content, at):
                raise Refusal(path, f"it is damaged: the sizes in its heap of strings at byte {at} do not add up")
            at = content.find(_SIGNATURE, at + 1)


def _is_sound(content: mmap.mmap, start: int) -> bool:
    if start + _HEADER.size > len(content):
        return False
    _, size = _HEADER.unpack_from(content, start)
    end, at = start + size, start + _HEADER.size
    if end > len(content):
        return False
    while end - at >= _OBJECT.size:  # a smaller rest is free space without a header
        index, _, size = _OBJECT.unpack_from(content, at)
        at += size if index == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if index == 0:
            break
    return 0 <= end - at < _OBJECT.size
