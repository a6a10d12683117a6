"""How the entries of C are stored: a dense block for every group of channels and output pixel.

The block of an output holds, for each of its channels, the kernel entries it is multiplied by:

    values (groups, prod(out_size), out_ch // groups, taps * (in_ch // groups))

in the order of a compressed row, where padding cuts nothing off. Where zero padding does, the entry
is a stored zero. So the index of the matrix is a formula: no array of it is kept.

An `Address` says at which flat position of an array the entry of output o, tap t and channels is.
"""

import math
from typing import NamedTuple

import numpy as np

from jtconv._sized import SizedGeometry


class Address(NamedTuple):
    """Steps of a flat position by output and by tap, per axis, and by group and channels within it."""

    output: tuple[int, ...]
    tap: tuple[int, ...]
    group: int
    in_ch: int
    out_ch: int


class Channels(NamedTuple):
    """Channels of a layer: groups, and of each group those of x and those of y."""

    groups: int
    in_ch: int
    out_ch: int


def channels_of(kernel_shape: tuple[int, ...], groups: int) -> Channels:
    """Of a kernel (*kernel_size, in_ch // groups, out_ch)."""
    return Channels(groups, kernel_shape[-2], kernel_shape[-1] // groups)


def values_shape(sized: SizedGeometry, channels: Channels) -> tuple[int, int, int, int]:
    """Of the array of stored entries; ValueError where int32 cannot number them, or the rows or columns."""
    groups, in_ch, out_ch = channels
    outputs, taps = math.prod(sized.output_size), math.prod(sized.kernel_size)
    rows, columns = outputs * groups * out_ch, math.prod(sized.input_size) * groups * in_ch
    entries = rows * taps * in_ch
    if max(entries, rows, columns) >= 2**31:
        raise ValueError(
            f"the matrix would have {rows:,} rows, {columns:,} columns and {entries:,} entries, and its int32 indices "
            f"can number 2**31 - 1. Use `conv_transpose` with another method, which needs no matrix, or a smaller "
            f"`input_size`."
        )
    return groups, outputs, out_ch, taps * in_ch


def value_address(sized: SizedGeometry, channels: Channels) -> Address:
    """In the array of stored entries."""
    groups, in_ch, out_ch = channels
    ndim = sized.ndim
    steps = _steps((groups, *sized.output_size, out_ch, *sized.kernel_size, in_ch))
    return Address(steps[1 : ndim + 1], steps[ndim + 2 : -1], steps[0], steps[-1], steps[ndim + 1])


def _steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    """By how much the flat position grows with each index."""
    return tuple(int(n) for n in np.cumprod((1, *shape[:0:-1]))[::-1])


def kernel_entries(kernel_shape: tuple[int, ...], sized: SizedGeometry) -> np.ndarray:
    """Which entry of the kernel, at what flat position of it, each stored value is."""
    channels = channels_of(kernel_shape, sized.groups)
    groups, outputs, out_ch, reads = values_shape(sized, channels)
    entries = np.arange(math.prod(kernel_shape)).reshape(reads, groups, out_ch)
    return np.broadcast_to(entries.transpose(1, 2, 0)[:, None], (groups, outputs, out_ch, reads)).ravel()
