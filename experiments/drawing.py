"""Colours and layout of the experiments' pictures."""

from collections.abc import Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

# Okabe and Ito's colours, which stay apart for colour-blind readers.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"
TITLE = 9  # points


def save_small(fig: Figure, file: Path | BytesIO, *, greys: bool = False) -> None:
    """Save as PNG of 256 colours, less than half as large as photographs in full colour.

    With `greys` the colours are chosen with more care, which takes seconds: grey photographs beside others would be
    tinted.
    """
    full = BytesIO()
    fig.savefig(full, format="png")
    picture = Image.open(full).convert("RGB")
    if greys:
        third = picture.resize((picture.width // 3, picture.height // 3), Image.Resampling.NEAREST)
        colours = third.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
        few = picture.quantize(palette=colours, dither=Image.Dither.NONE)
    else:
        few = picture.quantize(256, method=Image.Quantize.MEDIANCUT)
    few.save(file, "png", optimize=True)


def draw_panels(rows: Sequence[Sequence[tuple[str, NDArray]]], width: float, head: float) -> Figure:
    """Draw rows of images, each with its title above: `width` and `head` are an image's and a title's inches."""
    fig = Figure(figsize=(width * len(rows[0]), (width + head) * len(rows)), layout="constrained", dpi=100)
    axes = fig.subplots(len(rows), len(rows[0]), squeeze=False)
    for axis, (title, image) in zip(axes.flat, chain.from_iterable(rows), strict=True):
        axis.imshow(image, interpolation="nearest")
        axis.set_title(title, size=TITLE + 1)
        axis.set_axis_off()
    return fig


def finish(axis: Axes) -> None:
    """A legend and a grid that leave the curves in front."""
    axis.legend(frameon=False, fontsize=8)
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
