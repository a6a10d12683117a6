"""How sizes are written in texts."""

from collections.abc import Callable, Sequence


def axis_lines(ndim: int, line: Callable[[int], str]) -> list[str]:
    """A line per axis; one for all where they are the same."""
    lines = [line(axis) for axis in range(ndim)]
    if len(set(lines)) == 1:
        return [f"  = {lines[0]}" + ("   on each axis" if ndim > 1 else "")]
    return [f"  = {text}   on axis {axis}" for axis, text in enumerate(lines)]


def by(sizes: Sequence[int]) -> str:
    """7×7."""
    return "×".join(map(str, sizes)) or "()"


def by_pairs(pads: Sequence[tuple[int, int]]) -> str:
    """(0, 1) × (0, 1)."""
    return " × ".join(f"({lo}, {hi})" for lo, hi in pads)


def signed(value: int) -> str:
    """In brackets where it is negative."""
    return str(value) if value >= 0 else f"({value})"
