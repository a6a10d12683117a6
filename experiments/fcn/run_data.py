"""The pictures with masks that a finished run is scored on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.errors import UserError, as_user_error
from experiments.fcn.data.config import Source
from experiments.fcn.data.dataset import Dataset, check_sound, open_dataset
from experiments.fcn.data.find import layout_of
from experiments.fcn.data.pairs import Found, Pair
from experiments.fcn.data.task import Samples
from experiments.fcn.folder import CONFIG
from experiments.fcn.task import Sample
from jtconv.models._model import Model

EVERYTHING = "all"  # as a split: what is trained on, too
TEST = "test"  # as a split: what is kept aside


def samples_of_run(
    run: Path, model: Model, data: Path | None = None, layout: str | None = None, split: str | None = None
) -> Sequence[Sample]:
    """The run's own held-out pictures, or another folder's, whose masks mean what they meant in training.

    Raises `UserError` where files are at fault, or the classes are not as many as the model's.
    """
    source = source_of_run(run, model, data, layout)
    dataset = open_split(source, split)
    check_sound(dataset.found, source)
    n = len(model.classes.names)
    if dataset.classes is not None and len(dataset.classes.names) != n:
        what = f"has {len(dataset.classes.names)} classes, the model {n}"
        raise UserError(source.data, what, "name a data set with the classes of the training")
    chosen = chosen_of(dataset.found, source, split)
    if not chosen:
        raise UserError(source.data, "has no pictures in this split", f"name another, or --split {EVERYTHING}")
    return Samples(chosen, dataset.reader, n)


def open_split(source: Source, split: str | None) -> Dataset:
    """The data set, in which `split` is what is trained on, held out or kept aside."""
    if split == train_split(source):
        return open_dataset(replace(source, train_split=split))  # by name: no other share instead
    if split == test_split(source) and (dataset := open_dataset(source)).found.kept:
        return dataset
    if split in (None, EVERYTHING):
        return open_dataset(source)
    return open_dataset(replace(source, val_split=split, test_split=None))


def chosen_of(found: Found, source: Source, split: str | None) -> Sequence[Pair]:
    if split == EVERYTHING:
        return [*found.train, *found.test, *found.kept]
    if split == train_split(source):
        return found.train
    return found.kept if split == test_split(source) and found.kept else found.test


def train_split(source: Source) -> str:
    return source.train_split or layout_of(source).splits[0]


def test_split(source: Source) -> str:
    return source.test_split or TEST


def source_of_run(run: Path, model: Model, data: Path | None, layout: str | None) -> Source:
    """The run's own source, or as it is but for another folder or layout."""
    saved = saved_source(run / CONFIG)
    given: dict[str, Any] = {"data": data, "layout": layout}
    given = {name: value for name, value in given.items() if value is not None}
    if saved is not None:
        return replace(saved, **given)
    if data is None:
        raise UserError(run / CONFIG, "names no folder of pictures", "name one: --data DIR")
    channels: Any = model.signature.in_ch
    return Source(channels=channels, **given)


def saved_source(file: Path) -> Source | None:
    """The source of the run's pictures; None if they were not in files."""
    with as_user_error(file, "cannot be read ({error})", "name the folder of a finished run"):
        values = json.loads(file.read_text(encoding="utf-8")).get("source")
        if values is None:
            return None
        fields: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in values.items()}
        if "val_split" not in fields:  # of a run from when what is held out was called so
            fields["val_split"] = fields.pop("test_split", None)
        for name in ("data", "classes"):
            fields[name] = None if fields[name] is None else Path(fields[name])
        return Source(**fields)
