"""Tables in Markdown, or aligned for a terminal, and numbers as their cells show them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

NOTHING = "—"  # the cell of what was not measured


class Column(NamedTuple):
    """A column of a table: its title, its cell of each row, and a sentence for the legend."""

    title: str
    cell: Callable[[Any], str]
    legend: str = ""


def tabulate(columns: Sequence[Column], rows: Iterable[Any]) -> str:
    """A table with a row for each of `rows`, of whichever kind the columns' cells take."""
    return table([column.title for column in columns], [[column.cell(row) for column in columns] for row in rows])


def table(head: list[str], rows: list[list[str]]) -> str:
    """One line for the head, one below it, one for each row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def aligned(markdown: str) -> str:
    """The text for a terminal: columns aligned, and none, nor a row, of what was not measured."""
    blocks = [list(lines) for _, lines in groupby(markdown.splitlines(), lambda line: line.startswith("| "))]
    return "\n".join(line for block in blocks for line in (_aligned(block) if block[0].startswith("| ") else block))


def _aligned(lines: list[str]) -> list[str]:
    """The first column to the left, numbers to the right."""
    rows = [[cell.replace("**", "").replace("`", "") for cell in line[2:-2].split(" | ")] for line in lines]
    del rows[1]  # Markdown's line below the head
    rows = rows[:1] + [row for row in rows[1:] if {*row[1:]} != {NOTHING}]
    rows = list(zip(*(column for column in zip(*rows, strict=True) if {*column[1:]} != {NOTHING}), strict=True))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return [shown[0], "-" * len(shown[0]), *shown[1:]]


def digits(value: float) -> str:
    """Two digits after the point, fewer where that is more than three in all."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def times(value: float | None) -> str:
    """A ratio, or a dash where there is none."""
    return NOTHING if value is None else f"{digits(value)}×"
