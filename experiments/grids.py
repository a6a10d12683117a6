"""Arrays drawn as cells with their numbers in them, in rows like equations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from experiments.drawing import BLUE, GREY

GAP = 0.5  # between the parts of a row, in cells
HEAD = 0.75  # for a title
MIN_WRITTEN_SIDE = 0.5  # side of a cell: in smaller ones numbers cannot be read
INCHES = 0.36  # a cell's side
POINTS = 11.0  # of a number in a cell of side 1
EDGE = 0.15  # left free around all, in cells
LETTER = 0.21  # mean width of a title's letters, in cells


@dataclass(frozen=True)
class Grid:
    """An array (rows, columns) to draw.

    `marked` are the cells that the eye should go to; `faint` the numbers that are only there to fill
    up; an entry that is not a number is an empty cell. `side` is that of a cell.
    """

    values: ArrayLike
    title: str = ""
    colour: str = BLUE
    marked: ArrayLike | None = None
    faint: ArrayLike | None = None
    side: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = np.shape(self.values)
        return rows, columns

    @property
    def height(self) -> float:
        return self.shape[0] * self.side

    @property
    def width(self) -> float:
        return self.shape[1] * self.side

    @property
    def room(self) -> float:
        """Its width, or its title's."""
        return max(self.width, LETTER * len(self.title))


def draw_row(axes: Axes, parts: Sequence[Grid | str], left: float, top: float) -> tuple[float, float]:
    """Grids and the signs between them, from `left`, middles on one line; where it ends: (right, bottom)."""
    grids = [part for part in parts if isinstance(part, Grid)]
    height, head = max(grid.height for grid in grids), HEAD * any(grid.title for grid in grids)
    middle, right = top + head + height / 2, left
    for part in parts:
        if isinstance(part, Grid):
            draw(axes, part, right + (part.room - part.width) / 2, middle - part.height / 2)
            right += part.room + GAP
        else:
            axes.text(right + GAP / 2, middle, part, ha="center", va="center", size=POINTS + 2)
            right += 2 * GAP
    return right - GAP, middle + height / 2


def draw(axes: Axes, grid: Grid, left: float, top: float) -> None:
    """Every cell, its title above."""
    values = np.asarray(grid.values, float)
    marked, faint = (np.zeros(values.shape, bool) if m is None else np.asarray(m) for m in (grid.marked, grid.faint))
    for (row, column), value in np.ndenumerate(values):
        corner = left + column * grid.side, top + row * grid.side
        draw_cell(axes, corner, grid, value, bool(marked[row, column]), bool(faint[row, column]))
    if grid.title:
        axes.text(left + grid.width / 2, top - 0.15, grid.title, ha="center", va="bottom", size=POINTS - 2)


def draw_cell(
    axes: Axes, corner: tuple[float, float], grid: Grid, value: float, is_marked: bool, is_faint: bool
) -> None:
    side, empty = grid.side, np.isnan(value)
    shade = 0.0 if empty or is_faint else 0.5 if is_marked else 0.14
    look: Any = {"facecolor": (grid.colour, shade), "edgecolor": "0.75", "linewidth": 0.7}
    axes.add_patch(Rectangle(corner, side, side, **look))
    if is_marked:
        outline: Any = {"fill": False, "edgecolor": grid.colour, "linewidth": 1.8, "zorder": 3}
        axes.add_patch(Rectangle(corner, side, side, **outline))
    if not empty and side >= MIN_WRITTEN_SIDE:
        ink = GREY if is_faint else "black"
        middle = corner[0] + side / 2, corner[1] + side / 2
        axes.text(*middle, f"{value:g}", ha="center", va="center", size=POINTS * side, color=ink)


def fit(fig: Figure, width: float, height: float) -> None:
    """Give the figure the size of (0, 0) to (width, height), downwards, and show no more than that in its axes."""
    fig.set_size_inches((width + 2 * EDGE) * INCHES, (height + 2 * EDGE) * INCHES)
    for axes in fig.axes:
        axes.set(xlim=(-EDGE, width + EDGE), ylim=(height + EDGE, -EDGE), aspect="equal")
        axes.set_axis_off()
