"""The metrics of a run: one JSON object per line, each with its step; and what is read from them.

The best evaluation and the end of training are functions of the lines, so that a resumed run agrees.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from experiments.fcn.processes import is_first
from experiments.files import write_whole

Line = dict[str, Any]
Listener = Callable[[int, dict[str, Any]], None]  # of a step and its values


def read_log(file: Path, last_step: int) -> list[Line]:
    """The lines up to `last_step`; what an interruption left half written is dropped."""
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = [parse(line) for line in text.splitlines()]
    return [line for line in lines if line and line["step"] <= last_step]


def parse(text: str) -> Line | None:
    """The line, if it is one that `Log` writes: a whole step, and floats."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict) or type(line.get("step")) is not int:
        return None
    numeric = all(isinstance(value, float) for name, value in line.items() if name != "step")
    return line if numeric and math.isfinite(line.get("seconds", 0.0)) else None


class Log:
    """Appends lines to the file and keeps them; goes on after `lines`. `listeners` hear of each.

    Of several processes all keep the lines, and the first writes them.
    """

    def __init__(self, file: Path, lines: list[Line]):
        self.file = file
        self.lines = lines
        self.listeners: list[Listener] = []
        if is_first():
            write_whole(file, "".join(map(to_text, lines)))

    def add(self, step: int, **values: Any) -> None:
        line = {"step": step, **values}
        self.lines.append(line)
        if is_first():
            with self.file.open("a", encoding="utf-8") as file:
                file.write(to_text(line))
        for listener in self.listeners:
            listener(step, values)


def column(lines: list[Line], name: str) -> tuple[list[int], list[Any]]:
    """The steps at which `name` was noted, and its values."""
    known = [line for line in lines if name in line]
    return [line["step"] for line in known], [line[name] for line in known]


def to_text(line: Line) -> str:
    return json.dumps(line) + "\n"


def check_installed() -> None:
    """Raise ValueError if the package that writes TensorBoard's files is missing."""
    if find_spec("tensorboardX") is None:
        raise ValueError("`tensorboard` needs the package tensorboardX: pip install 'jtconv[tensorboard]'.")


@contextmanager
def open_board(folder: Path, first: int) -> Iterator[Listener]:
    """Writes the numbers of each line to `folder`; what was written of steps after `first` is void."""
    check_installed()
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder), purge_step=first + 1) as writer:

        def add(step: int, values: dict[str, Any]) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        yield add


class Best(NamedTuple):
    """The evaluation with the highest mean IoU, the first of equals."""

    step: int
    mean_iou: float
    since: int  # evaluations after it


def best_of(lines: list[Line]) -> Best | None:
    """None if nothing has been scored yet."""
    evaluations = [
        (step, -math.inf if math.isnan(iou) else iou) for step, iou in zip(*column(lines, "mean_iou"), strict=True)
    ]
    if not evaluations:
        return None
    values = [iou for _, iou in evaluations]
    i = values.index(max(values))
    return Best(*evaluations[i], len(values) - 1 - i)


def is_stopped(lines: list[Line], patience: int | None) -> bool:
    """Whether the last `patience` evaluations were no better than one before them."""
    best = best_of(lines)
    return best is not None and patience is not None and best.since >= patience
