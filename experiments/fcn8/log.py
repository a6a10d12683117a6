"""The metrics file: one JSON object per line, each with its step."""

import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def read_log(file: Path, last_step: int) -> list[Line]:
    """The lines up to `last_step`; what an interruption left half written is dropped."""
    if not file.exists():
        return []
    lines = [parse(text) for text in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and line["step"] <= last_step]


def parse(text: str) -> Line | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "step" in line else None


class Log:
    """Appends lines to the file and keeps them; goes on after `lines`."""

    def __init__(self, file: Path, lines: list[Line]):
        self.file = file
        self.lines = lines
        file.write_text("".join(map(to_text, lines)), encoding="utf-8")

    def add(self, step: int, **values: Any) -> None:
        line = {"step": step, **values}
        self.lines.append(line)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(to_text(line))

    def column(self, name: str) -> tuple[list[int], list[Any]]:
        """The steps at which `name` was noted, and its values."""
        return column(self.lines, name)


def column(lines: list[Line], name: str) -> tuple[list[int], list[Any]]:
    known = [line for line in lines if name in line]
    return [line["step"] for line in known], [line[name] for line in known]


def to_text(line: Line) -> str:
    return json.dumps(line) + "\n"
