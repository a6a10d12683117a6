"""Whether masks have anything to learn: pixels of at least two classes."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from experiments.errors import UserError
from experiments.fcn.data.dataset import Dataset, Reader
from experiments.fcn.data.labels import STRANGE, Table, apply, listed, only_ignored
from experiments.fcn.data.pairs import Pair
from experiments.fcn.data.scan import count_values, in_threads
from experiments.fcn.task import IGNORE, Sample

FEW = 8  # masks: one of them most often has two classes, and then no more are read
MAX_SAID = 3  # warnings of pictures that teach nothing
PARTS = (
    ("to train on", 2),
    ("that are held out", 1),
    ("that are kept aside", 1),
)  # and the fewest classes that are of use there


def check_learnable(dataset: Dataset, table: Table, data: Path) -> None:
    """Raise `UserError` if all masks to train on are of one class, or a part has nothing but ignored pixels.

    `table` is `bounded`. Masks are read until the classes suffice: one, as a rule.
    """
    found = dataset.found
    for pairs, (part, least) in zip((found.train, found.test, found.kept), PARTS, strict=True):
        seen: set[int] = set()
        problem = None
        for values in values_of(pairs, dataset.reader):
            seen.update(values)
            problem = nothing_to_learn(seen, table, part, least, data)
            if problem is None:
                break
        else:
            if problem is not None:
                raise problem


class VoidPictures:
    """Says which pictures to train on have nothing but ignored pixels, as they are met: the first few."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __call__(self, sample: Sample) -> Sample:
        if len(self.names) <= MAX_SAID and sample.name not in self.names and (sample.labels == IGNORE).all():
            self.names.add(sample.name)
            more = "; check-data counts them all" if len(self.names) > MAX_SAID else ""
            text = f"warning: the mask of {sample.name} has nothing but ignored pixels, so it teaches nothing{more}"
            tqdm.write(text, file=sys.stderr)
        return sample


def values_of(pairs: Sequence[Pair], reader: Reader) -> Iterator[Iterable[int]]:
    """The values in each mask; they are read as they are asked for."""

    def read(pair: Pair) -> Iterable[int]:
        return count_values(reader.values(pair)).keys()

    return chain(map(read, pairs[:FEW]), in_threads(read, pairs[FEW:], "looking for a second class"))


def nothing_to_learn(values: Iterable[int], table: Table, part: str, least: int, data: Path) -> UserError | None:
    """The problem with masks of nothing but these values, if they have fewer than `least` classes."""
    values = sorted(values)
    labels = set(apply(table, np.array(values, np.int64)).tolist())
    if len(labels - {IGNORE}) >= least or STRANGE in labels:  # the latter is another problem
        return None
    if labels <= {IGNORE}:
        return only_ignored(values, part, data)
    if values == [0, 255]:
        what = f"has masks {part} that hold nothing but 0 and 255, and 255 is ignored, so that one class is left"
        return UserError(data, what, "if 255 is a class, give --label-map 255=1")
    (label,) = labels - {IGNORE}
    what = f"has masks {part} of one class alone, class {label} (values: {listed(values)})"
    remedy = "there is nothing to tell apart; give a second class, such as the background, a value of its own"
    return UserError(data, what, remedy)
