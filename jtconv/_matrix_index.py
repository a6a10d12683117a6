"""Where the nonzeros of C and Cᵀ are: index arrays only, vectorised, cached per geometry.

Rows of C are vec(y), columns vec(x), both in C order with channels last. All rows of the table are
given the same number of slots, so that a product is a gather, a multiplication and a sum.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from jtconv._sized import SizedGeometry, combine

_CACHED_LAYERS = 4  # tables are as large as the matrix: enough for one layer in both directions, twice


class RowTable(NamedTuple):
    """Per row: which column and which kernel entry each slot holds. Both int32 (rows, slots).

    Unused slots hold column 0 and the kernel entry one past the end, which reads as zero.
    """

    column: np.ndarray
    tap: np.ndarray


class CsrIndex(NamedTuple):
    """Compressed sparse rows, columns ascending, without duplicates.

    `tap` lists the kernel entry of each slot in use; where padding folds several taps onto one
    matrix entry, `entry` says to which entry each slot adds, otherwise it is None.
    """

    indptr: np.ndarray
    indices: np.ndarray
    tap: np.ndarray
    entry: np.ndarray | None


@lru_cache(_CACHED_LAYERS)
def row_table(sized: SizedGeometry, kernel_shape: tuple[int, ...], transposed: bool) -> RowTable:
    """The table of C, or of Cᵀ."""
    per_axis = [_axis_table(sized, axis, transposed) for axis in range(sized.ndim)]
    _check_size(sized, per_axis, kernel_shape)
    other_size = sized.output_size if transposed else sized.input_size
    pixel = combine([other for other, _ in per_axis], other_size)
    tap = combine([taps for _, taps in per_axis], sized.kernel_size)
    return _with_channels(pixel, tap, sized.groups, kernel_shape, transposed)


def _check_size(
    sized: SizedGeometry, per_axis: list[tuple[np.ndarray, np.ndarray]], kernel_shape: tuple[int, ...]
) -> None:
    in_per_group, out_ch = kernel_shape[-2:]
    entries = math.prod(other.size for other, _ in per_axis) * in_per_group * out_ch
    columns = math.prod(sized.input_size) * in_per_group * sized.groups
    rows = math.prod(sized.output_size) * out_ch
    if max(entries, rows, columns) >= 2**31:
        raise ValueError(
            f"the matrix would have {rows:,} rows, {columns:,} columns and {entries:,} entries, and its int32 indices "
            f"can number 2**31 - 1. Use `conv_transpose` with another method, which needs no matrix, or a smaller "
            f"`input_size`."
        )


def _frozen(*arrays: np.ndarray) -> None:
    """Cached arrays are shared: nobody may write to them."""
    for array in arrays:
        array.setflags(write=False)


def _axis_table(sized: SizedGeometry, axis: int, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
    """One axis: for each row position, the positions it is joined to and by which tap; -1 for none."""
    source = sized.tap_source(axis)
    if not transposed:
        return source, np.broadcast_to(np.arange(source.shape[1]), source.shape)
    output, tap = np.nonzero(source >= 0)
    position = source[output, tap]
    order = np.argsort(position, kind="stable")  # keeps outputs ascending within a position
    output, tap, position = output[order], tap[order], position[order]
    count = np.bincount(position, minlength=sized.input_size[axis])
    slot = np.arange(len(position)) - (np.cumsum(count) - count)[position]
    shape = (sized.input_size[axis], max(int(count.max()), 1))
    outputs, taps = np.full(shape, -1), np.full(shape, -1)
    outputs[position, slot], taps[position, slot] = output, tap
    return outputs, taps


def _with_channels(
    pixel: np.ndarray, tap: np.ndarray, groups: int, kernel_shape: tuple[int, ...], transposed: bool
) -> RowTable:
    """Spread a table of pixels over the channels: axes (row pixel, row channel, slot, slot channel)."""
    in_per_group, out_ch = kernel_shape[-2:]
    out_per_group = out_ch // groups
    row_block, slot_block = (in_per_group, out_per_group) if transposed else (out_per_group, in_per_group)
    row_ch = np.arange(groups * row_block, dtype=np.int32)[None, :, None, None]
    slot_ch = np.arange(slot_block, dtype=np.int32)[None, None, None, :]
    group = row_ch // row_block
    column_ch = group * slot_block + slot_ch
    in_ch, out = (row_ch % row_block, column_ch) if transposed else (slot_ch, row_ch)
    pixel, tap = pixel[:, None, :, None], tap[:, None, :, None]
    used = (pixel >= 0) & (tap >= 0)
    column = np.where(used, pixel * (groups * slot_block) + column_ch, 0)
    entry = np.where(used, (tap * in_per_group + in_ch) * out_ch + out, np.prod(kernel_shape, dtype=np.int32))
    rows = column.shape[0] * column.shape[1]
    table = RowTable(column.reshape(rows, -1).astype(np.int32), entry.reshape(rows, -1).astype(np.int32))
    _frozen(*table)
    return table


@lru_cache(_CACHED_LAYERS)
def csr_index(sized: SizedGeometry, kernel_shape: tuple[int, ...], transposed: bool) -> CsrIndex:
    """The same as compressed rows."""
    table = row_table(sized, kernel_shape, transposed)
    used = table.tap < int(np.prod(kernel_shape))
    columns, tap = table.column[used], table.tap[used]
    row = np.repeat(np.arange(len(used)), used.sum(axis=1))
    entry = None
    if sized.padding_mode != "zeros":  # folding leaves columns unsorted, and repeated
        width = int(columns.max(initial=0)) + 1
        keys, entry = np.unique(row * width + columns, return_inverse=True)
        row, columns = keys // width, keys % width
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(used)))])
    index = CsrIndex(indptr.astype(np.int32), columns.astype(np.int32), tap, entry)
    _frozen(*(array for array in index if array is not None))
    return index
