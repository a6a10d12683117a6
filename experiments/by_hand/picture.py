"""The picture: every step, then the matrix and the inserted zeros that give the same."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from experiments.by_hand.work import Step, Work
from experiments.drawing import BLUE, GREEN, ORANGE, PINK
from experiments.grids import Grid, draw_row, fit

DENSE = 24  # rows of Cᵀ from which its cells are drawn small
BETWEEN = 0.35  # rows


def draw_picture(work: Work) -> Figure:
    """Draw all rows; the figure is as large as they need."""
    fig = Figure(dpi=200)
    axes = fig.add_axes((0, 0, 1, 1))
    first, *others = work.steps
    rows = [step_row(work, first), *(untitled(step_row(work, step)) for step in others)]
    rights, bottom = [], 0.0
    for row in [*rows, [convolution(work)], matrix_row(work), zeros_row(work)]:
        right, bottom = draw_row(axes, row, 0.0, bottom)
        bottom += BETWEEN
        rights.append(right)
    fit(fig, max(rights), bottom - BETWEEN)
    return fig


def untitled(row: list[Grid | str]) -> list[Grid | str]:
    """Leave out the titles, which are in the row above, and keep the width."""
    return [replace(part, title=" " * len(part.title)) if isinstance(part, Grid) else part for part in row]


def step_row(work: Work, step: Step) -> list[Grid | str]:
    """value · kernel, and the result with it added."""
    return [
        Grid([[step.value]], "y[o]", BLUE, marked=[[True]]),
        "·",
        Grid(work.kernel, "kernel", ORANGE),
        "=",
        Grid(step.scaled, "y[o] · kernel", ORANGE, marked=np.ones(step.scaled.shape, bool)),
        "→",
        Grid(step.total, "added up", GREEN, marked=step.placed),
    ]


def convolution(work: Work) -> Grid:
    """C, a row for each value of y."""
    return Grid(work.matrix, "C, the convolution", PINK, faint=~work.entries, side=side_of_entries(work))


def side_of_entries(work: Work) -> float:
    return 0.75 if work.result.size < DENSE else 8 / work.result.size


def matrix_row(work: Work, step: Step | None = None) -> list[Grid | str]:
    """Cᵀ · vec(y) = vec(result); of a step, its column of Cᵀ."""
    side = side_of_entries(work)
    transposed, y = work.matrix.T, work.y.reshape(-1, 1)
    total = work.result if step is None else step.total
    column = chosen = placed = None
    if step is not None:
        number = int(np.ravel_multi_index(step.at, work.y.shape))
        chosen = np.arange(y.size)[:, None] == number
        column = np.broadcast_to(chosen.T, transposed.shape)
        placed = step.placed.reshape(-1, 1)
    return [
        Grid(transposed, "Cᵀ", ORANGE, marked=column, faint=~work.entries.T, side=side),
        "·",
        Grid(y, "vec(y)", BLUE, marked=chosen, side=side),
        "=",
        Grid(total.reshape(-1, 1), "vec(result)", GREEN, marked=placed, side=side),
    ]


def zeros_row(work: Work) -> list[Grid | str]:
    side = min(1.0, 9 / sum((work.inserted.shape[1], work.correlated.shape[1])))
    return [
        Grid(work.inserted, "y, zeros in and around it", BLUE, faint=~work.between, side=side),
        "∗",
        Grid(work.kernel[::-1, ::-1], "flipped kernel", ORANGE, side=side),
        "=",
        Grid(work.correlated, "result", GREEN, side=side),
    ]
