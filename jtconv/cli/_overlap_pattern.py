"""The overlap pattern of a layer on one or two axes, and its drawing in the terminal, in shades."""

from dataclasses import dataclass
from math import prod

import numpy as np

from jtconv._explain.explain import Explanation
from jtconv._geometry.words import by


@dataclass(frozen=True)
class Plane:
    """Contributions to draw.

    Attributes:
      counts: number of contributions, (rows, columns); one row for a layer of one axis.
      axes: the spatial axes of the rows and of the columns; the first is None for a single row.
      title, subtitle: the number of positions; the layer, and the position on the other axes.
    """

    counts: np.ndarray
    axes: tuple[int | None, int]
    title: str
    subtitle: str


def plane_of(layer: Explanation) -> Plane:
    """The last two axes, at the middle of the others; or the only axis."""
    ndim = layer.geometry.ndim
    if ndim == 0:
        raise ValueError(
            "a layer without spatial axes has no overlap to draw. Give `--input-size` and `--kernel-size`."
        )
    *outer, columns = layer.overlap
    rows = outer.pop() if outer else (1,)
    middles = [len(counts) // 2 for counts in outer]
    factor = prod(counts[middle] for counts, middle in zip(outer, middles, strict=True))
    geometry = layer.geometry
    words = [f"kernel {by(geometry.kernel_size)}", f"strides {by(geometry.strides)}"]
    words += [f"dilation {by(geometry.dilation)}"] if max(geometry.dilation) > 1 else []
    words += [f"at position {middle} of axis {axis}" for axis, middle in enumerate(middles)]
    return Plane(
        factor * np.outer(rows, columns),
        (ndim - 2 if ndim > 1 else None, ndim - 1),
        f"Contributions to each of the {by(layer.transposed_size)} positions of the result",
        ", ".join(words),
    )


_SHADES = "░▒▓█"
MAX_ROWS = 60  # lines of the terminal


def draw(plane: Plane, width: int) -> str:
    """Draw a cell per position: its count between shades, or only shades where counts would be too wide."""
    margin = len(str(len(plane.counts))) + 2
    cell = _cell_width(plane, width - margin)
    rows, columns = min(len(plane.counts), MAX_ROWS), min(plane.counts.shape[1], (width - margin) // cell)
    shown = plane.counts[:rows, :columns]
    levels = _levels(plane.counts)
    lines = [
        f"{row:>{margin - 1}} " + "".join(_cell(count, levels, cell) for count in counts)
        for row, counts in enumerate(shown.tolist())
    ]
    parts = [_heading(columns, cell, margin), *lines, "", _legend(levels)]
    if shown.shape != plane.counts.shape:
        parts.append(f"(the first {rows} by {columns} of {len(plane.counts)} by {plane.counts.shape[1]} positions)")
    return "\n".join(parts)


def _cell_width(plane: Plane, room: int) -> int:
    """Width of a cell: room for a count between shades, else two characters, about a square, else one."""
    columns, digits = plane.counts.shape[1], len(str(plane.counts.max()))
    return next((width for width in (digits + 2, 2) if columns * width <= room), 1)


def _cell(count: int, levels: dict[int, str], width: int) -> str:
    shade = levels[count]
    return str(count).center(width, shade) if width > 2 else shade * width


def _levels(counts: np.ndarray) -> dict[int, str]:
    """A shade for each count, darker for larger counts; counts share shades if there are too few shades."""
    numbers = [n for n in np.unique(counts).tolist() if n > 0]
    few = len(numbers) <= len(_SHADES)
    chosen = {2: "░▓", 3: "░▒▓"}.get(len(numbers), _SHADES) if few else _SHADES
    at = [i if few else i * len(_SHADES) // len(numbers) for i in range(len(numbers))]
    none = {0: "·"} if counts.min() == 0 else {}
    return {**none, **{n: chosen[i] for n, i in zip(numbers, at, strict=True)}}


def _heading(columns: int, cell: int, margin: int) -> str:
    """Line of column numbers, as many as there is room for."""
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100) if n * cell > len(str(columns)))
    indent = margin + (cell > 2)
    marked = [n for n in range(0, columns, every) if indent + n * cell + len(str(n)) <= margin + columns * cell]
    return " " * indent + "".join(f"{n:<{every * cell}}" for n in marked).rstrip()


def _legend(levels: dict[int, str]) -> str:
    by_shade: dict[str, list[int]] = {}
    for count, shade in levels.items():
        by_shade.setdefault(shade, []).append(count)
    entries = [f"{shade * 2} {_span(counts)}" for shade, counts in by_shade.items()]
    return "   ".join(entries)


def _span(counts: list[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
