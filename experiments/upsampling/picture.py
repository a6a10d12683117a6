"""The picture: borders, what can be represented, and the search for a kernel."""

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.drawing import BLUE, GREEN, GREY, ORANGE, TITLE, finish
from experiments.upsampling.layers import bilinear_taps, enlarge, resize
from experiments.upsampling.reach import Reach
from experiments.upsampling.search import Search
from jtconv.nn import bilinear

POSITIONS = 6  # of the line that is enlarged


def draw_picture(scale: int, reaches: list[Reach], found: list[Search]) -> Figure:
    fig = Figure(figsize=(6.4, 9), layout="constrained", dpi=150)
    borders, can, curves = fig.subplots(3, 1, height_ratios=[1, 1.35, 1.2])
    draw_borders(borders, scale)
    draw_reach(can, reaches)
    draw_searches(curves, found)
    return fig


def draw_borders(axis: Axes, scale: int) -> None:
    """A middle row of an image of ones, enlarged by interpolation and by the transposed convolution."""
    k = bilinear_taps(scale)
    ones, hat = jnp.ones((POSITIONS, POSITIONS, 1)), bilinear()(None, (k, k, 1, 1))
    mode = {"padding": (k - scale) // 2, "padding_mode": "replicate", "output_size": (scale * POSITIONS,) * 2}
    lines = {
        "bilinear interpolation": (resize(ones, scale, "linear"), BLUE, "o", 9),
        "Cᵀ, zeros around": (enlarge(ones, hat, scale), ORANGE, "s", 5),
        'Cᵀ, padding_mode="replicate"': (enlarge(ones, hat, scale, **mode), GREEN, "x", 5),
    }
    middle = scale * POSITIONS // 2
    for name, (image, colour, marker, size) in lines.items():
        hollow = "none" if marker == "o" else colour
        axis.plot(np.asarray(image)[middle, :, 0], color=colour, marker=marker, ms=size, mfc=hollow, lw=1, label=name)
    axis.set_title(f"a row of ones, enlarged {scale} times with the bilinear kernel", size=TITLE + 1)
    axis.set(xlabel="position", ylabel="value")
    finish(axis)


def draw_reach(axis: Axes, reaches: list[Reach]) -> None:
    """Distance of each target from the nearest kernel of each layer."""
    names = list(reaches[0].misses)
    values = np.array([[line.misses[name] for name in names] for line in reaches])
    axis.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if value < 0.5 else "black"
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, size=9)
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(reaches)), [f"{line.layer} ({line.free})" for line in reaches])
    axis.tick_params(length=0)
    axis.set_title("distance of a kernel from the nearest that can be had\n(how many numbers are free)", size=TITLE + 1)


def draw_searches(axis: Axes, found: list[Search]) -> None:
    colours = [BLUE, BLUE, ORANGE, ORANGE]
    styles = ["-", "--", "-", "--"]
    for search, colour, style in zip(found, colours, styles, strict=True):
        axis.semilogy(search.distances, color=colour, linestyle=style, label=f"{search.layer}: {search.target}")
    axis.axhline(1, color=GREY, linewidth=0.6)
    axis.set_title("kernels learned by backpropagation: how far from the known one", size=TITLE + 1)
    axis.set(xlabel="step", ylabel="distance / length")
    finish(axis)
