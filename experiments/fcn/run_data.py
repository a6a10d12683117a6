"""The pictures with masks that a finished run is scored on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.fcn.data.config import FolderConfig, Source
from experiments.fcn.data.dataset import open_dataset
from experiments.fcn.data.task import load_task
from experiments.fcn.saved_model import Model
from experiments.fcn.task import Task
from experiments.fcn.train import CONFIG
from experiments.problem import Problem


def task_of_run(
    run: Path, model: Model, data: Path | None = None, layout: str | None = None, split: str | None = None
) -> Task:
    """The run's own held-out pictures, or another folder's, whose masks mean what they meant in training.

    Raises `Problem` where files are at fault, or the classes are not as many as the model's.
    """
    saved = saved_source(run / CONFIG)
    if saved is None and data is None:
        raise Problem(run / CONFIG, "names no folder of pictures", "name one: --data DIR")
    changes = {"data": data, "layout": layout, "test_split": split}
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    source = Source(channels=model.signature.in_ch, **given) if saved is None else replace(saved, **given)
    n = len(model.classes.names)
    if open_dataset(source).classes is None:  # then as many as the model has, without reading all masks
        source = replace(source, num_classes=n)
    task = load_task(FolderConfig(source=source))
    if len(task.classes.names) != n:
        what = f"has {len(task.classes.names)} classes, the model {n}"
        raise Problem(source.data, what, "name a data set with the classes of the training")
    return task


def saved_source(file: Path) -> Source | None:
    """Where the run's pictures were; None if it was not about pictures in files."""
    try:
        values = json.loads(file.read_text(encoding="utf-8")).get("source")
        if values is None:
            return None
        values = {name: tuple(x) if isinstance(x, list) else x for name, x in values.items()}
        for name in ("data", "classes"):
            values[name] = None if values[name] is None else Path(values[name])
        return Source(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Problem(file, f"cannot be read ({error})", "name the folder of a finished run") from error
