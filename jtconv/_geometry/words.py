"""Sizes as text."""

from collections.abc import Callable, Sequence
from typing import Any


def axis_lines(ndim: int, line: Callable[[int], str]) -> list[str]:
    """One line per axis, or a single line if all are the same."""
    lines = [line(axis) for axis in range(ndim)]
    if len(set(lines)) == 1:
        return [f"  = {lines[0]}" + ("   on each axis" if ndim > 1 else "")]
    return [f"  = {text}   on axis {axis}" for axis, text in enumerate(lines)]


def by(sizes: Sequence[int]) -> str:
    """Sizes as in "7×7"."""
    return "×".join(map(str, sizes)) or "()"


def by_pairs(pads: Sequence[tuple[int, int]]) -> str:
    """Pairs as in "(0, 1) × (0, 1)"."""
    return " × ".join(f"({lo}, {hi})" for lo, hi in pads)


def signed(value: int) -> str:
    """The number, in brackets if it is negative."""
    return str(value) if value >= 0 else f"({value})"


def one_or_each(values: Sequence[Any]) -> Any:
    """Return a single value if all axes share it, otherwise one per axis."""
    return values[0] if len(set(values)) == 1 else tuple(values)
