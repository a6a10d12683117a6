"""A data set read from end to end: all that is wrong with it, and what is in it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.fcn.data.config import Source
from experiments.fcn.data.dataset import Dataset, Reader, check_found, check_sizes, numbered, open_dataset
from experiments.fcn.data.labels import STRANGE, VOID, apply, bounded, count_classes, strange_values
from experiments.fcn.data.learnable import PARTS, nothing_to_learn
from experiments.fcn.data.pairs import Found, Pair
from experiments.fcn.data.scan import count_values, in_threads
from experiments.fcn.task import IGNORE, Classes

Counts = Mapping[int, int]  # value of a mask -> pixels
MAX_STRANGE = 20  # different values that no class has: more come of smoothing rather than of a person
SPLITS = ("train", "val", "test")  # to train on, held out, kept aside
JPEG = (".jpg", ".jpeg", ".jfif")


class Inspected(NamedTuple):
    """One picture and its mask."""

    pair: Pair
    size: tuple[int, int] | None  # (h, w); None if the picture cannot be read
    counts: Counts  # nothing if the mask cannot be read
    problems: Sequence[UserError]


class Split(NamedTuple):
    """The content of one part of a data set."""

    pictures: int
    sizes: NDArray[np.int64]  # (pictures, 2): heights and widths
    pixels: NDArray[np.int64]  # (num_classes,)
    ignored: int


class Findings(NamedTuple):
    """The content of a data set, and its faults."""

    splits: Mapping[str, Split]
    classes: Classes | None  # None if what the masks have are no classes
    values: Counts
    problems: Sequence[UserError]
    hints: Sequence[str]


def check_data(source: Source) -> Findings:
    """Read all pictures and masks. Raises `UserError` only if the folders themselves are not found."""
    dataset = open_dataset(source)
    found, reader = dataset.found, dataset.reader
    pairs = [*found.train, *found.test, *found.kept]
    inspected = list(in_threads(lambda pair: inspect(pair, reader), pairs, "reading"))
    values = total(x.counts for x in inspected)
    classes, problems = known_classes(dataset, source, values)
    problems = [*found.problems, *problems, *(y for x in inspected for y in x.problems)]
    with noting(problems):  # nothing to train on or to hold out
        check_found(found._replace(problems=()), source)
    splits: dict[str, Split] = {}
    if classes is not None:
        table = bounded(reader.table, len(classes.names))
        problems += [y for x in inspected for y in out_of_range(x, table, len(classes.names))]
        for name, part, (words, least) in zip(SPLITS, parts(found, inspected), PARTS, strict=True):
            of_part = total(x.counts for x in part)
            problem = nothing_to_learn(of_part, table, words, least, source.data) if of_part else None
            problems += [problem] if problem else []
            if part or name != "test":
                splits[name] = summarise(part, table, len(classes.names))
    known = None if classes is None else len(classes.names)
    suggestions = hints(values, reader.table, known, [pair.mask for pair in pairs])
    suggestions += absent(splits, classes) + void_masks(inspected, reader.table)
    return Findings(splits, classes, values, problems, suggestions)


def parts(found: Found, inspected: Sequence[Inspected]) -> tuple[Sequence[Inspected], ...]:
    """What is trained on, held out, and kept aside."""
    held, kept = len(found.train), len(found.train) + len(found.test)
    return inspected[:held], inspected[held:kept], inspected[kept:]


def inspect(pair: Pair, reader: Reader) -> Inspected:
    """Both files are read, also if one of them is at fault."""
    problems: list[UserError] = []
    size, counts = None, {}
    with noting(problems):
        size = reader.image(pair).shape[:2]
    with noting(problems):
        values = reader.values(pair)
        counts = count_values(values)
        if size is not None:
            check_sizes(pair, size, values.shape)
    return Inspected(pair, size, counts, problems)


@contextmanager
def noting(problems: list[UserError]) -> Iterator[None]:
    """Add what is raised within the block to `problems`."""
    try:
        yield
    except UserError as problem:
        problems.append(problem)


def known_classes(dataset: Dataset, source: Source, values: Counts) -> tuple[Classes | None, list[UserError]]:
    """The classes, counted if need be; the problem is that they cannot be."""
    problems: list[UserError] = []
    classes = dataset.classes
    if classes is None and values:
        with noting(problems):
            classes = numbered(count_classes(sorted(values), dataset.reader.table, source.data))
    return classes, problems


def out_of_range(inspected: Inspected, table: NDArray[np.int32], num_classes: int) -> list[UserError]:
    """The problem with a mask whose values are no classes, if so."""
    values = np.array(list(inspected.counts), np.int64)
    strange = apply(table, values) == STRANGE
    if not strange.any():
        return []
    counts = np.array(list(inspected.counts.values()))
    return [strange_values(values[strange], counts[strange], num_classes, inspected.pair.mask)]


def summarise(inspected: Sequence[Inspected], table: NDArray[np.int32], num_classes: int) -> Split:
    counts = total(x.counts for x in inspected)
    pixels = np.zeros(IGNORE + 1, np.int64)
    for value, count in counts.items():
        if (label := int(apply(table, np.array(value)))) != STRANGE:
            pixels[label] += count
    sizes = [x.size for x in inspected if x.size is not None]
    return Split(len(inspected), np.array(sizes, np.int64).reshape(-1, 2), pixels[:num_classes], int(pixels[IGNORE]))


def absent(splits: Mapping[str, Split], classes: Classes | None) -> list[str]:
    """A hint for each split that lacks classes."""
    result = []
    for name, split in splits.items():
        if classes and (lacking := [classes.names[i] for i in np.flatnonzero(split.pixels == 0)]):
            result.append(f"no pixel of {', '.join(lacking)} in {name}")
    return result


def void_masks(inspected: Sequence[Inspected], table: NDArray[np.int32]) -> list[str]:
    """A hint if some masks have nothing that counts."""
    void = [x.pair.mask for x in inspected if x.counts and (apply(table, np.array([*x.counts])) == VOID).all()]
    return [f"{len(void):,} of the masks hold nothing but ignored pixels, the first {void[0]}"] if void else []


def total(counts: Iterable[Counts]) -> Counter[int]:
    """The sum, by value."""
    result: Counter[int] = Counter()
    for each in counts:
        result.update(each)
    return result


def hints(values: Mapping[int, int], table: np.ndarray, num_classes: int | None, masks: Sequence[Path]) -> list[str]:
    """Suggestions for masks with these `values`; `num_classes` is None where they could not be counted."""
    result = []
    if lossy := sum(mask.suffix.lower() in JPEG for mask in masks):
        result.append(f"{lossy:,} of the masks are JPEG files, which change values at every edge: draw them as PNG")
    label = dict(zip(values, apply(table, np.array(list(values), np.int64)).tolist(), strict=True))
    known = sorted(value for value in values if label[value] != VOID)
    strange = [value for value in known if num_classes is None or not 0 <= label[value] < num_classes]
    if len(strange) > MAX_STRANGE:
        result.append(
            f"the masks have {len(strange)} different values that are no classes, as JPEG or smoothing make them: "
            "draw them without, and resize them by nearest neighbour only"
        )
    elif strange and known == list(range(1, len(known) + 1)):
        result.append("the masks begin at 1: are the classes one lower? Then --reduce-zero-label")
    elif (
        strange
        and len(known) <= (num_classes or MAX_STRANGE)
        and (moved := [f"{value}={i}" for i, value in enumerate(known) if value != i])
    ):
        meant = "is this meant: --label-map " + " ".join(moved)
        result.append(f"the masks hold nothing but {', '.join(map(str, sorted(values)))}: {meant}")
    return result
