"""The index of C and Cᵀ: compressed sparse rows, computed from formulas per axis, and cached.

Rows of C are vec(y), columns vec(x), both in C order with channels last. A small table per axis
gives the positions in each row. The index is arithmetic on these tables. Only padding modes other
than zeros map several taps of an axis to one position; their small tables are sorted.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from jtconv._geometry.spec import ConvSpec, combine
from jtconv._matrix.layout import Address, Channels, channels_of, value_address

MAX_CACHED = 4  # indices, each as large as its matrix: two layers in both directions


class AxisTable(NamedTuple):
    """The output, tap and position of every slot of every row on one axis. Arrays (rows, slots); -1 where unused.

    `rank` numbers the distinct positions of a row; `distinct` (rows,) is their count.
    """

    output: np.ndarray
    tap: np.ndarray
    other: np.ndarray
    rank: np.ndarray
    distinct: np.ndarray


class CsrIndex(NamedTuple):
    """Compressed sparse rows, columns ascending, without duplicates, int32.

    `value` lists the stored values that are entries. Where padding maps several values to one
    matrix entry, `entry` gives the entry that each is added to; otherwise it is None.
    """

    indptr: np.ndarray
    indices: np.ndarray
    value: np.ndarray
    entry: np.ndarray | None


def axis_table(spec: ConvSpec, axis: int, transposed: bool) -> AxisTable:
    """The table of one axis of C, or of Cᵀ."""
    if spec.padding_mode == "zeros":
        output, tap, other = _zeros_table(spec, axis, transposed)
        used = other >= 0
        return AxisTable(output, tap, other, np.cumsum(used, axis=1) - 1, used.sum(axis=1))
    return _folded_table(spec, axis, transposed)


def _zeros_table(spec: ConvSpec, axis: int, transposed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(output, tap, other) for zero padding, by formula: output o reads position s·o + d·t - lo."""
    s, d, k, (lo, _) = spec.strides[axis], spec.dilation[axis], spec.kernel_size[axis], spec.pads[axis]
    if not transposed:
        source = spec.tap_source(axis)
        indices = np.indices(source.shape)
        return indices[0], indices[1], source
    reached = np.arange(spec.input_size[axis])[:, None] + lo
    max_outputs = (d * (k - 1)) // s + 1  # consecutive outputs whose windows overlap one position
    output = reached // s - np.arange(max_outputs)[::-1]
    tap, remainder = (reached - s * output) // d, (reached - s * output) % d
    used = (remainder == 0) & (tap >= 0) & (tap < k) & (output >= 0) & (output < spec.output_size[axis])
    return output, tap, np.where(used, output, -1)


def _folded_table(spec: ConvSpec, axis: int, transposed: bool) -> AxisTable:
    source = spec.tap_source(axis)  # every tap reads some position
    output, tap = (table.ravel() for table in np.indices(source.shape))
    row, other = (source.ravel(), output) if transposed else (output, source.ravel())
    rows, width = (spec.input_size[axis], len(source)) if transposed else (len(source), spec.input_size[axis])
    order = np.argsort(row * width + other, kind="stable")
    output, tap, row, other = output[order], tap[order], row[order], other[order]
    new = np.ones(len(row), bool)  # the first of a pair (row, other)
    new[1:] = (row[1:] != row[:-1]) | (other[1:] != other[:-1])
    slots, count = np.bincount(row, minlength=rows), np.bincount(row[new], minlength=rows)
    slot = np.arange(len(row)) - (np.cumsum(slots) - slots)[row]
    rank = np.cumsum(new) - 1 - (np.cumsum(count) - count)[row]
    tables = np.full((4, rows, max(int(slots.max()), 1)), -1)
    tables[:, row, slot] = output, tap, other, rank
    return AxisTable(tables[0], tables[1], tables[2], tables[3], count)


def entry_count(spec: ConvSpec, kernel_shape: tuple[int, ...]) -> int:
    """Number of entries of C, zeros in the kernel included."""
    axes = range(spec.ndim)
    return math.prod(int(axis_table(spec, a, False).distinct.sum()) for a in axes) * math.prod(kernel_shape[-2:])


def max_terms(spec: ConvSpec, kernel_shape: tuple[int, ...], transposed: bool) -> int:
    """Maximum number of stored values that a row of C or Cᵀ adds up."""
    channels = channels_of(kernel_shape, spec.groups)
    total = channels.out_ch if transposed else channels.in_ch
    for axis in range(spec.ndim):
        total *= int((axis_table(spec, axis, transposed).other >= 0).sum(axis=1).max())
    return total


@lru_cache(MAX_CACHED)
def csr_index(spec: ConvSpec, kernel_shape: tuple[int, ...], transposed: bool) -> CsrIndex:
    """The index of C, or of Cᵀ (`transposed`), whose rows are vec(x)."""
    channels = channels_of(kernel_shape, spec.groups)
    tables = [axis_table(spec, axis, transposed) for axis in range(spec.ndim)]
    row_ch, slot_ch = (channels.in_ch, channels.out_ch) if transposed else (channels.out_ch, channels.in_ch)
    count = np.ones(1, np.int64)
    for table in tables:
        count = np.multiply.outer(count, table.distinct).ravel()
    indptr = np.zeros(len(count) * channels.groups * row_ch + 1, np.int32)
    np.cumsum(np.repeat(count * slot_ch, channels.groups * row_ch), out=indptr[1:])

    other = combine([t.other for t in tables], spec.output_size if transposed else spec.input_size)
    value = _spread(tables, value_address(spec, channels), channels, transposed)
    group, ch = np.arange(channels.groups, dtype=np.int32)[:, None, None, None], np.arange(slot_ch, dtype=np.int32)
    # Axes (row positions, groups, row channels, slots, slot channels).
    column = other[:, None, None, :, None] * np.int32(channels.groups * slot_ch) + (group * np.int32(slot_ch) + ch)
    shape = value.shape
    column, used = np.broadcast_to(column, shape), np.broadcast_to(other[:, None, None, :, None] >= 0, shape)
    if spec.padding_mode == "zeros":  # slots are already in the order of the columns
        return _frozen(CsrIndex(indptr, _compress(column, used), _compress(value, used), None))
    return _frozen(_merged(indptr, column, value, used, _rank(tables), slot_ch))


def _merged(
    indptr: np.ndarray, column: np.ndarray, value: np.ndarray, used: np.ndarray, rank: np.ndarray, slot_ch: int
) -> CsrIndex:
    """Merge slots of a row that share a column: an entry's place is the row's first place plus its rank."""
    within = rank[:, None, None, :, None] * np.int32(slot_ch) + np.arange(slot_ch, dtype=np.int32)
    first = indptr[:-1].reshape(column.shape[:3])[..., None, None]
    entry = _compress(np.broadcast_to(first + within, column.shape), used)
    indices = np.zeros(indptr[-1], np.int32)
    indices[entry] = _compress(column, used)
    return CsrIndex(indptr, indices, _compress(value, used), None if len(entry) == len(indices) else entry)


def _spread(tables: list[AxisTable], address: Address, channels: Channels, transposed: bool) -> np.ndarray:
    """Place of every slot's stored value, int32: (row positions, groups, row channels, slots, slot channels)."""
    flat = np.zeros((1, 1), np.int32)
    for table, output, tap in zip(tables, address.output, address.tap, strict=True):
        step = (table.output * output + tap.take(table.tap, mode="clip")).astype(np.int32)
        flat = (flat[:, None, :, None] + step[None, :, None, :]).reshape(len(flat) * len(step), -1)
    ins = np.arange(channels.in_ch, dtype=np.int32) * np.int32(address.in_ch)
    outs = np.arange(channels.out_ch, dtype=np.int32) * np.int32(address.out_ch)
    row_ch, slot_ch = (ins, outs) if transposed else (outs, ins)
    group = np.arange(channels.groups, dtype=np.int32) * np.int32(address.group)
    of_row = group[:, None] + row_ch
    return (flat[:, None, None, :, None] + of_row[:, :, None, None]) + slot_ch


def _rank(tables: list[AxisTable]) -> np.ndarray:
    """Rank of each slot's position among the distinct positions of its row: (row positions, slots), int32."""
    flat = np.zeros((1, 1), np.int32)
    for table in tables:
        outer = flat[:, None, :, None] * table.distinct.astype(np.int32)[:, None, None]
        flat = (outer + table.rank.astype(np.int32)[:, None, :]).reshape(len(flat) * len(table.distinct), -1)
    return flat


def _compress(array: np.ndarray, used: np.ndarray) -> np.ndarray:
    return array.ravel() if used.all() else array[used]


def _frozen(index: CsrIndex) -> CsrIndex:
    """Make the arrays read-only, because the cache shares them."""
    for array in index:
        if array is not None:
            array.setflags(write=False)
    return index
