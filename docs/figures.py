"""The documentation's figures, each computed by jtconv itself."""

import io
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module

import jax.numpy as jnp
import matplotlib
import numpy as np

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "jtconv"  # the same figure twice is the same file

# These imports come late, as the lines above must run before them.
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import jtconv  # noqa: E402
from experiments.shown import Shown  # noqa: E402

COLOURS = "tab10"
EXPERIMENTS = ("by_hand", "colours", "sizes", "gradient", "upsampling")


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


def matrix() -> str:
    """C and Cᵀ of one axis: size 7, kernel 3, stride 2."""
    numbered = jnp.arange(1.0, 4.0)[:, None, None]
    dense = np.asarray(jtconv.conv_matrix(numbered, 7, strides=2).todense())
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 5), width_ratios=[7, 3])
    draw_matrix(left, dense, "C, the convolution")
    draw_matrix(right, dense.T, "Cᵀ, the transposed convolution")
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


def overlap() -> str:
    """How many contributions each pixel of the result gets, for three pairs of kernel and stride."""
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.8))
    for axes, (k, s) in zip(panels, [(3, 2), (4, 2), (4, 4)], strict=True):
        count = np.asarray(jtconv.conv_transpose(np.ones((5, 5, 1)), np.ones((k, k, 1, 1)), strides=s))[..., 0]
        axes.imshow(count, cmap="viridis", vmin=0, vmax=4)
        for row, column in np.ndindex(count.shape):
            axes.text(column, row, int(count[row, column]), ha="center", va="center", color="white", fontsize=7)
        axes.set(title=f"kernel {k}, stride {s}", xticks=[], yticks=[])
    return svg(figure)


@cache
def experiment(name: str) -> Shown:
    """What an experiment of seconds shows, with the settings that it has by default."""
    module = import_module(f"experiments.{name}.__main__")
    return module.run(module.Config())


def picture(name: str) -> str:
    return svg(experiment(name).figure)


FIGURES: dict[str, Callable[[], str]] = {
    "matrix": matrix,
    "scatter": scatter,
    "overlap": overlap,
    "steps": lambda: experiment("by_hand").files["steps.svg"],
    **{name: partial(picture, name) for name in EXPERIMENTS},
}
