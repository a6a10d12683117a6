"""The metrics file: one JSON object per line, each with its step."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
