"""Tables in Markdown, and numbers as their cells show them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple


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


def digits(value: float) -> str:
    """Two digits after the point, fewer where that is more than three in all."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def times(value: float | None) -> str:
    """A ratio, or a dash where there is none."""
    return "—" if value is None else f"{digits(value)}×"
