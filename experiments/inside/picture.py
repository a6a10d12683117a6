"""The picture of a run: a row per feature; its top patches, and right of each what it comes to in pixels."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.drawing import TITLE
from experiments.inside.config import Config
from experiments.inside.run import Patch, Result

CELL, NAMES, HEAD, GAP = 0.72, 0.62, 0.45, 0.1  # inches: a patch's side, the features' names, the titles, between
COLOURS = "PuOr_r"  # apart for colour-blind readers, too: orange is positive, purple negative


def draw_picture(result: Result, config: Config) -> Figure:
    """The strongest features of each pool, from the first pool down."""
    groups = [features[: config.features] for features in result.features.values()]
    rows = sum(map(len, groups))
    width = NAMES + config.columns * (2 * CELL + GAP)
    height = HEAD + rows * CELL + GAP * len(groups)
    fig = Figure(figsize=(width, height), dpi=150)

    def axes_at(left: float, top: float) -> Axes:
        """A square for a patch, its margin taken off; (left, top) in inches from the upper left corner."""
        side = CELL * 0.95
        return fig.add_axes((left / width, 1 - (top + side) / height, side / width, side / height))

    top = HEAD
    for group in groups:
        for feature in group:
            name = f"pool{feature.stage}\n{feature.number}"
            fig.text(0.06 / width, 1 - (top + CELL / 2) / height, name, size=TITLE, va="center")
            for i, patch in enumerate(feature.patches[: config.columns]):
                left = NAMES + i * (2 * CELL + GAP)
                draw_patch(axes_at(left, top), axes_at(left + CELL, top), patch)
            top += CELL
        top += GAP
    for i in range(config.columns):
        middle = NAMES + i * (2 * CELL + GAP) + CELL
        title = "strongest\npatch, projection" if i == 0 else f"{i + 1}."
        fig.text(middle / width, 1 - 0.06 / height, title, size=TITLE, ha="center", va="top")
    return fig


def draw_patch(left: Axes, right: Axes, patch: Patch) -> None:
    """The pixels, and the projection on a scale of its own, white at zero."""
    left.imshow(patch.picture, cmap="gray", vmin=0, vmax=1)
    most = np.abs(patch.projection).max() or 1.0
    right.imshow(patch.projection, cmap=COLOURS, vmin=-most, vmax=most)
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="0.7", linewidth=0.5)
