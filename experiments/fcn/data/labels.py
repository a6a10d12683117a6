"""The meaning of a mask's values: value -> class, IGNORE, or none of the two."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.fcn.data.colours import some
from experiments.fcn.task import IGNORE

VALUES = 1 << 16  # of a mask: 0 … 65,535
MAX_CLASSES = IGNORE  # classes 0 … 254, since 255 is IGNORE
VOID, STRANGE = -2, -1

Table = NDArray[np.int32]


def make_table(label_map: Mapping[int, int | None], ignore: Sequence[int], reduce_zero_label: bool) -> Table:
    """(65536,) value -> class, however high, or VOID. `label_map` comes first, None is void."""
    table = np.arange(VALUES, dtype=np.int32)
    if reduce_zero_label:
        table -= 1
        table[0] = VOID
    table[list(ignore)] = VOID
    for value, label in label_map.items():
        table[value] = VOID if label is None else label
    return table


def bounded(table: Table, num_classes: int) -> Table:
    """(65536,) value -> class below `num_classes`, IGNORE or STRANGE."""
    result = np.where(table >= num_classes, STRANGE, table)
    return np.where(table == VOID, IGNORE, result).astype(np.int32)


def apply(table: Table, values: NDArray[np.integer]) -> NDArray[np.int32]:
    """The entries of `table` at `values`; STRANGE beyond its ends."""
    if values.dtype in (np.uint8, np.uint16):
        return table.take(values)  # in half the time of indexing
    inside = (values >= 0) & (values < VALUES)
    return np.where(inside, table[np.where(inside, values, 0)], STRANGE).astype(np.int32)


def labels_of(values: NDArray[np.integer], table: Table, num_classes: int, file: Path) -> NDArray[np.int32]:
    """The class of each pixel, or IGNORE, by a `bounded` table. Raises `UserError` for other values."""
    labels = apply(table, values)
    if (strange := labels == STRANGE).any():
        raise strange_values(*np.unique(values[strange], return_counts=True), num_classes, file)
    return labels


def strange_values(values: NDArray, counts: NDArray, num_classes: int, file: Path) -> UserError:
    """These values of the mask in `file` are no classes."""
    what = f"has values that are none of the {num_classes} classes: " + some([str(x) for x in values], counts)
    return UserError(file, what, "map them with --label-map, or name them in --ignore")


def count_classes(values: Sequence[int], table: Table, file: Path) -> int:
    """Number of classes of masks with these `values`, by an unbounded `table`.

    Raises `UserError` with `file` unless every class from 0 to the highest occurs.
    """
    present = set(apply(table, np.array(values, np.int64)).tolist()) - {VOID}
    if not present:
        raise only_ignored(values, "", file)
    remedy = "give --num-classes or --classes, and --label-map where values are not classes"
    if present != set(range(len(present))) or len(present) > MAX_CLASSES:
        raise UserError(file, f"has masks whose values ({listed(values)}) are not the classes 0, 1, …", remedy)
    return len(present)


def listed(values: Sequence[int]) -> str:
    """The lowest ones."""
    return ", ".join(map(str, sorted(values)[:10])) + (", …" if len(values) > 10 else "")


def only_ignored(values: Sequence[int], part: str, file: Path) -> UserError:
    """The masks hold nothing but these values, which are all ignored."""
    what = f"has nothing but ignored pixels in the masks {part}".rstrip() + f" (values: {listed(values)})"
    return UserError(file, what, "give values classes with --label-map, or other ones to --ignore")
