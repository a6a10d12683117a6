"""The documentation's figures, each computed by jtconv itself."""

import io
import json
import tempfile
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import matplotlib
import numpy as np

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "jtconv"  # the same figure twice is the same file

# These imports come late, as the lines above must run before them.
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter  # noqa: E402

import jtconv  # noqa: E402
from benchmarks.bounds import intensity, ridge  # noqa: E402
from experiments.drawing import BLUE, ORANGE  # noqa: E402
from experiments.shown import Shown  # noqa: E402
from jtconv.bench import _plot  # noqa: E402
from jtconv.bench._figures import share_of_bound  # noqa: E402
from jtconv.bench.ahead import _plot as _ahead_plot  # noqa: E402

COLOURS = "tab10"
EXPERIMENTS = ("by_hand", "colours", "sizes", "gradient", "upsampling")
SAVED = Path(__file__).parent.parent / "benchmarks/results"
RESULTS, COMPILED = SAVED / "cpu-2-cores-float32.json", SAVED / "ahead/h100-float32.json"


def svg(figure: Figure) -> str:
    """The figure as SVG, on a white ground so that it reads in dark mode too."""
    text = io.StringIO()
    figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()


def draw_matrix(axes: Axes, taps: np.ndarray, title: str) -> None:
    """A matrix whose entries are tap numbers from 1; 0 is no entry."""
    last = int(taps.max())
    shown = np.ma.masked_equal(taps, 0)
    axes.imshow(shown, cmap=COLOURS, vmin=0.5, vmax=10.5)
    for row, column in np.argwhere(taps):
        axes.text(column, row, f"w{int(taps[row, column]) - 1}", ha="center", va="center", color="white")
    axes.set_xticks(np.arange(-0.5, taps.shape[1]), labels=[])
    axes.set_yticks(np.arange(-0.5, taps.shape[0]), labels=[])
    axes.grid(color="lightgrey", linewidth=0.8)
    axes.tick_params(length=0)
    axes.set_title(f"{title}\n{taps.shape[0]} × {taps.shape[1]}, {last} taps")


def matrix(transposed: bool) -> str:
    """C or Cᵀ of one axis: size 7, kernel 3, stride 2."""
    numbered = jnp.arange(1.0, 4.0)[:, None, None]
    dense = np.asarray(jtconv.conv_matrix(numbered, 7, strides=2).todense())
    taps, title = (dense.T, "Cᵀ, the transposed convolution") if transposed else (dense, "C, the convolution")
    rows, columns = taps.shape
    figure, axes = plt.subplots(figsize=(0.65 * columns, 0.65 * rows))  # entries of one size in both
    draw_matrix(axes, taps, title)
    return svg(figure)


def scatter() -> str:
    """The result as a sum: each value of y places its own scaled kernel."""
    y = np.array([1.0, 2.0, 1.5, 0.5])
    kernel = np.array([0.5, 1.0, 0.5, 0.25])[:, None, None]
    figure, axes = plt.subplots(figsize=(8, 3))
    below = np.zeros(10)
    for o in range(4):
        alone = np.zeros((4, 1))
        alone[o] = y[o]
        placed = np.asarray(jtconv.conv_transpose(alone, kernel, strides=2))[:, 0]
        axes.bar(np.arange(10), placed, bottom=below, width=0.9, label=f"y[{o}] · kernel")
        below += placed
    total = np.asarray(jtconv.conv_transpose(y[:, None], kernel, strides=2))[:, 0]
    np.testing.assert_allclose(below, total, rtol=1e-5)
    axes.set(xticks=np.arange(10), xlabel="position in x", title="kernel 4, stride 2: add where they overlap")
    axes.legend(ncols=4, fontsize="small")
    axes.set_ylim(0, 1.25 * below.max())
    return svg(figure)


def overlap(k: int, s: int) -> str:
    """How many contributions each pixel of the result gets."""
    figure, axes = plt.subplots(figsize=(3.4, 3.4))
    count = np.asarray(jtconv.conv_transpose(np.ones((4, 4, 1)), np.ones((k, k, 1, 1)), strides=s))[..., 0]
    axes.imshow(count, cmap="viridis", vmin=0, vmax=4)
    for row, column in np.ndindex(count.shape):
        colour = "black" if count[row, column] > 2 else "white"
        axes.text(column, row, f"{count[row, column]:.0f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set(title=f"kernel {k}, stride {s}", xticks=[], yticks=[])
    return svg(figure)


@cache
def experiment(name: str) -> Shown:
    """An experiment of a few seconds, with its default settings."""
    module = import_module(f"experiments.{name}.__main__")
    return module.run(module.Config())


def picture(name: str) -> str:
    return svg(experiment(name).figure)


def measured() -> dict[str, Any]:
    """The result of `jtconv bench`."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def written(plot: Callable[[dict[str, Any], Path], None], results: dict[str, Any]) -> str:
    """A plot of `jtconv bench`, which writes a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plot.svg"
        plot(results, file)
        return file.read_text(encoding="utf-8")


def ahead() -> str:
    """For each layer, the multiplications by those needed, as compiled for a GPU that is not there."""
    return written(_ahead_plot.plot, json.loads(COMPILED.read_text(encoding="utf-8")))


def roofline() -> str:
    """Each layer under the roof of the machine's two rates: operations for a byte, and a second."""
    results = measured()
    machine, layers = results["machine"], results["layers"]
    x = np.array([intensity(layer, machine["dtype"]) for layer in layers])
    y = np.array([layer["gflop"] / layer["forward"]["jtconv"]["ms"] * 1e3 for layer in layers])
    figure, axes = plt.subplots(figsize=(5, 3.8))
    ends = np.array([x.min() / 2, ridge(machine), x.max() * 2])
    axes.plot(ends, np.minimum(ends * machine["copy_gbytes"], machine["product_gflops"]), color=ORANGE, linewidth=1.5)
    axes.plot(x, y, "o", color=BLUE, markersize=5)
    far = np.argsort([share_of_bound(layer, "forward") for layer in layers])[:6]
    for place, at in enumerate(sorted(far, key=lambda at: x[at])):
        side = "right" if place % 2 else "left"  # away from the neighbour
        below = {"textcoords": "offset points", "rotation": 90, "ha": side, "va": "top", "fontsize": 8}
        axes.annotate(layers[at]["name"], (x[at], y[at]), (0, -6), **below)
    axes.text(ends[1], 1.08 * machine["product_gflops"], "the rate of a large product", fontsize=8, color=ORANGE)
    axes.text(2.4 * ends[0], 1.7 * ends[0] * machine["copy_gbytes"], "of a copy", fontsize=8, color=ORANGE)
    axes.set(
        xscale="log", yscale="log", xlabel="operations for each byte of y, kernel and x", ylabel="GFLOP/s, forward"
    )
    axes.set_ylim(y.min() / 3, 1.5 * machine["product_gflops"])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)


STEPS = (
    (
        "conv_transpose(y, kernel, strides=2, padding=1)",
        "what you call; jtconv.nn, jtconv.compat and the rest end here",
    ),
    ("_arrays, _geometry", "arguments are checked and become integers: all sizes are known"),
    (
        "_primitives",
        "one of three JAX primitives, each the others' derivative:\nC x   ·   Cᵀ y   ·   the gradient by the kernel",
    ),
    ("_primitives/dispatch.py", "when XLA lowers the program: the least cost, by platform and shapes"),
)
IMPLEMENTATIONS = (("_compute/cpu", "C++ kernels, on a CPU"), ("_compute", "lax, or compositions of\nXLA's operations"))


def flow() -> str:
    """A call's steps, from its arguments to the implementation that computes it."""
    figure, axes = plt.subplots(figsize=(5.6, 5.2))
    heights = [4.0, 3.0, 2.0, 1.0]
    for (name, text), height in zip(STEPS, heights, strict=True):
        draw_box(axes, (0, height), 5.0, name, text)
        if height > 1:
            draw_arrow(axes, (0, height - 0.34), (0, height - 0.66))
    for (name, text), place in zip(IMPLEMENTATIONS, (-1.3, 1.3), strict=True):
        draw_box(axes, (place, 0), 2.4, name, text)
        draw_arrow(axes, (place, 0.66), (place, 0.34))
    axes.set(xlim=(-2.6, 2.6), ylim=(-0.45, 4.45))
    axes.set_axis_off()
    return svg(figure)


def draw_box(axes: Axes, centre: tuple[float, float], width: float, name: str, text: str) -> None:
    """A box around a file's name and what happens there."""
    x, y = centre
    box = FancyBboxPatch((x - width / 2 + 0.05, y - 0.28), width - 0.1, 0.56, boxstyle="round,pad=0.05")
    box.set(facecolor="#eef3f8", edgecolor=BLUE, linewidth=1)
    axes.add_patch(box)
    axes.text(x, y + 0.17, name, ha="center", va="center", family="monospace", fontsize=8.5, color=BLUE)
    axes.text(x, y - 0.11, text, ha="center", va="center", fontsize=8)


def draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "0.4", "shrinkA": 0, "shrinkB": 0})


FIGURES: dict[str, Callable[[], str]] = {
    "matrix": partial(matrix, transposed=False),
    "matrix-transposed": partial(matrix, transposed=True),
    "scatter": scatter,
    **{f"overlap-k{k}-s{s}": partial(overlap, k, s) for k, s in ((3, 2), (4, 2), (4, 4))},
    "steps": lambda: experiment("by_hand").files["steps.svg"],
    **{name: partial(picture, name) for name in EXPERIMENTS},
    "speed": lambda: written(_plot.plot, measured()),
    "ahead": ahead,
    "roofline": roofline,
    "flow": flow,
}
