"""A 4×4 picture under sheets of glass: each pixel becomes a block; the blocks miss each other, touch or overlap.

python -m experiments.colours
"""

import sys
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.colours.glass import LETTER, SETTINGS, WHITE, Glass, picture, through_glass
from experiments.drawing import TITLE
from experiments.shown import Shown, command_line


@dataclass(frozen=True)
class Config:
    """Nothing to choose: the picture and the settings are a tutorial's, and one more."""


def run(_: Config) -> Shown:
    done = [through_glass(setting) for setting in SETTINGS]
    return Shown(table(done), draw_picture(done))


def table(done: list[Glass]) -> str:
    heading = "| setting | size | said | contributions per position | positions that get none | yellow | clipped |"
    return "\n".join([heading, "|---|---|---|---|---|---|---|", *map(line, done)])


def line(glass: Glass) -> str:
    setting, (rows, columns) = glass.setting, glass.counts.shape
    numbers = f"{glass.contributions} | {(glass.counts == 0).sum()} | {glass.yellow} | {glass.clipped}"
    return f"| {setting.name}: {setting.words} | {rows}×{columns} | {setting.said} | {numbers} |"


def draw_picture(done: list[Glass]) -> Figure:
    fig = Figure(figsize=(6.4, 6.9), layout="constrained", dpi=150)
    axes = fig.subplots(2, 2).ravel()
    draw_colours(axes[0], picture(), "the picture, 4×4")
    for axis, glass in zip(axes[1:], done, strict=True):
        title = f"{glass.setting.name}: {glass.setting.words}\ncontributions: {glass.contributions}"
        draw_colours(axis, glass.seen, title)
    return fig


def draw_colours(axis: Axes, colours: np.ndarray, title: str) -> None:
    """Each position with its colour's letter, for readers who do not tell the colours apart."""
    axis.imshow(colours, interpolation="nearest")
    rows, columns = colours.shape[:2]
    for row, column in np.ndindex(rows, columns):
        colour = colours[row, column]
        ink = "white" if colour @ (0.3, 0.6, 0.1) < WHITE / 2 else "black"
        size = min(12, 110 / columns)
        axis.text(column, row, LETTER[tuple(colour)], ha="center", va="center", size=size, color=ink)
    axis.set_xticks(np.arange(-0.5, columns), labels=[])
    axis.set_yticks(np.arange(-0.5, rows), labels=[])
    axis.grid(color="0.5", linewidth=0.5)
    axis.tick_params(length=0)
    axis.set_title(title, size=TITLE + 1)


main = command_line("colours", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
