"""The gradient of a convolution, built column by column from `jax.vjp`: it is the matrix Cᵀ.

python -m experiments.gradient
python -m experiments.gradient --input-size 5 6 --strides 2 2 --padding 1 0
"""

import sys

import numpy as np
from matplotlib.figure import Figure

from experiments.drawing import GREEN, ORANGE, PINK
from experiments.gradient.columns import Columns, Config, columns
from experiments.grids import Grid, draw_row, fit
from experiments.shown import Shown, command_line

SIDE, MAX_LENGTH = 0.75, 14.0  # of an entry; of a matrix, in cells


def run(config: Config) -> Shown:
    done = columns(config)
    return Shown(table(done), draw_picture(done))


def table(done: Columns) -> str:
    rows, count = done.by_lax.shape
    transposes = {
        "jax.vjp of lax.conv_general_dilated": done.by_lax,
        "jax.vjp of jtconv.conv": done.by_conv,
        "jtconv.conv_transpose": done.by_transpose,
    }
    lines = [f"{name:36} {np.abs(built - done.matrix.T).max():g}" for name, built in transposes.items()]
    heading = f"{rows}×{count}, from {count} unit vectors; largest difference from Cᵀ"
    return "\n".join([heading, *lines])


def draw_picture(done: Columns) -> Figure:
    """C; then Cᵀ beside the columns that the gradient gives."""
    fig = Figure(dpi=200)
    axes = fig.add_axes((0, 0, 1, 1))
    side = min(SIDE, MAX_LENGTH / max(done.matrix.shape))
    c = Grid(done.matrix, "C, the convolution", PINK, faint=~done.entries, side=side)
    right, bottom = draw_row(axes, [c], 0.0, 0.0)
    transposed = Grid(done.matrix.T, "Cᵀ", ORANGE, faint=~done.entries.T, side=side)
    vjps = [
        Grid(done.by_lax[:, [n]], f"vjp(e{n})", GREEN, faint=~done.entries.T[:, [n]], side=side)
        for n in range(done.by_lax.shape[1])
    ]
    end, bottom = draw_row(axes, [transposed, "=", *vjps], 0.0, bottom + 0.3)
    fit(fig, max(right, end), bottom)
    return fig


main = command_line("gradient", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
