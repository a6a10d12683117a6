"""The picture of a run: a row per feature; its top patches, and right of each what it comes to in pixels."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.drawing import TITLE
from experiments.inside.run import Config, Feature, Patch, Result

# Inches: a patch's width, the features' names, the titles, the line at the end, between columns and pools.
CELL, NAMES, HEAD, FOOT, GAP = 0.72, 0.62, 0.45, 0.3, 0.1
SHOWN = 0.95  # of a patch's place
COLOURS = "PuOr_r"  # apart for colour-blind readers, too
KEY = "orange: positive, purple: negative, each projection on a scale of its own"
FULL_COLOUR = 0.99  # of the values of a projection that are not zero: the few largest would leave the others pale


def draw_picture(result: Result, config: Config) -> Figure:
    """The strongest features of each pool, from the first pool down."""
    groups = [features[: config.features] for features in result.features.values()]
    width = NAMES + config.columns * (2 * CELL + GAP)
    height = HEAD + sum(GAP + sum(map(height_of, group)) for group in groups) + FOOT
    fig = Figure(figsize=(width, height), dpi=150)
    draw_titles(fig, config.columns)
    top = HEAD
    for group in groups:
        for feature in group:
            draw_row(fig, feature, config.columns, top)
            top += height_of(feature)
        top += GAP
    write(fig, 0.06, top + FOOT / 2, KEY, va="center")
    return fig


def height_of(feature: Feature) -> float:
    """Height of its row, in inches."""
    rows, columns = feature.patches[0].picture.shape
    return CELL * rows / columns


def left_of(column: int) -> float:
    return NAMES + column * (2 * CELL + GAP)


def write(fig: Figure, left: float, top: float, text: str, **how: Any) -> None:
    """Text at inches from the upper left corner."""
    width, height = fig.get_size_inches()
    fig.text(left / width, 1 - top / height, text, size=TITLE, **how)


def draw_titles(fig: Figure, columns: int) -> None:
    for i in range(columns):
        title = f"no. {i + 1}" if i else "strongest\npatch, projection"
        write(fig, left_of(i) + CELL, 0.06, title, ha="center", va="top")


def draw_row(fig: Figure, feature: Feature, columns: int, top: float) -> None:
    tall = height_of(feature)
    write(fig, 0.06, top + tall / 2, f"pool{feature.stage}\n{feature.number}", va="center")
    width, height = fig.get_size_inches()
    size = SHOWN * CELL / width, SHOWN * tall / height
    for i, patch in enumerate(feature.patches[:columns]):
        bottom = 1 - top / height - size[1]
        left, right = (fig.add_axes(((left_of(i) + j * CELL) / width, bottom, *size)) for j in range(2))
        draw_patch(left, right, patch)


def draw_patch(left: Axes, right: Axes, patch: Patch) -> None:
    """The pixels, and the projection, white at zero."""
    left.imshow(patch.picture, cmap="gray", vmin=0, vmax=1)
    sizes = np.abs(patch.projection[patch.projection != 0])
    most = np.quantile(sizes, FULL_COLOUR) if sizes.size else 1.0
    right.imshow(patch.projection, cmap=COLOURS, vmin=-most, vmax=most)
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="0.7", linewidth=0.5)
