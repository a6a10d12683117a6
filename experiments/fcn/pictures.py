"""Pictures of a run: image, truth and prediction; the curves; the confusion matrix."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from experiments.fcn.log import Line, column
from experiments.fcn.task import Classes, Sample

# Paul Tol's "muted" colours, which stay apart for colour-blind readers.
MUTED = ["#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499"]
ROWS = 6
LEGEND_COLUMNS = 6
MAX_NAME = 16  # of a class, in pictures
MAX_LARGE, MAX_NUMBERED = 12, 40  # classes up to which the matrix has large numbers, and has numbers at all
TITLE = 10  # points


def figure(width: float, height: float) -> Figure:
    """A figure that belongs to no window: nothing is shown and no global state is kept."""
    return Figure(figsize=(width, height), layout="constrained", dpi=120)


def save_predictions(samples: Sequence[Sample], predicted: Sequence[NDArray], classes: Classes, file: Path) -> None:
    """One row per sample: image, truth, prediction; below, the colours of the classes that occur."""
    rows = min(ROWS, len(predicted))
    shown = legend_patches(classes, *[sample.labels for sample in samples], *predicted)
    heights = [2.3 * min(1.5, sample.image.shape[0] / sample.image.shape[1]) for sample in samples[:rows]]
    fig = figure(7.0, sum(heights) + 0.45 + 0.22 * -(-len(shown) // LEGEND_COLUMNS))
    axes = fig.subplots(rows, 3, squeeze=False, height_ratios=heights)
    for row, sample, guess in zip(axes, samples, predicted, strict=False):
        show_image(row[0], sample.image)
        show_classes(row[1], sample.labels, classes)
        show_classes(row[2], guess, classes)
    for axis, title in zip(axes[0], ("image", "truth", "prediction"), strict=True):
        axis.set_title(title, size=TITLE)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    fig.legend(handles=shown, loc="outside lower center", ncols=LEGEND_COLUMNS, frameon=False, fontsize=8)
    fig.savefig(file)


def show_image(axis: Axes, image: NDArray) -> None:
    """Grey if there are no three channels; 0 to 255 for integers, 0 to 1 for floats."""
    highest = 255 if np.issubdtype(image.dtype, np.integer) else 1
    axis.imshow(image[..., 0] if image.shape[-1] < 3 else image[..., :3], cmap="gray", vmin=0, vmax=highest)


def show_classes(axis: Axes, labels: NDArray, classes: Classes) -> None:
    """The class colours; IGNORE is grey."""
    colours = ListedColormap(classes.colours).with_extremes(over="0.6")
    axis.imshow(labels, cmap=colours, vmin=-0.5, vmax=len(classes.names) - 0.5, interpolation="nearest")


def legend_patches(classes: Classes, *labels: NDArray) -> list[Patch]:
    """The classes that occur in `labels`."""
    there = sorted(set().union(*(np.unique(array).tolist() for array in labels)) & set(range(len(classes.names))))
    return [
        Patch(facecolor=classes.colours[i], edgecolor="0.4", linewidth=0.5, label=shortened(classes.names[i]))
        for i in there
    ]


def shortened(name: str, longest: int = MAX_NAME) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def save_curves(log: list[Line], classes: Classes, file: Path) -> None:
    """Training loss (logarithmic) and held-out IoU over the steps."""
    fig = figure(7.5, 3.0)
    left, right = fig.subplots(1, 2)
    left.semilogy(*column(log, "loss"), color=MUTED[1], linewidth=1)
    left.set_title("training loss", size=TITLE)
    left.set(xlabel="step", ylabel="cross-entropy per pixel")
    means = [("mean_iou", f"mean of {len(classes.names)} classes", MUTED[3], "s")]
    if classes.background is not None:
        means.append((f"{classes.foreground}_iou", f"mean of the {classes.foreground} classes", MUTED[0], "o"))
    for name, label, colour, marker in means:
        right.plot(*column(log, name), color=colour, marker=marker, markersize=4, label=label)
    right.set_title("held-out IoU", size=TITLE)
    right.set(xlabel="step", xlim=(0, None), ylim=(0, 1))
    right.legend(loc="best", frameon=False)
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    fig.savefig(file)


def save_confusion(confusion: NDArray[np.int64], classes: Classes, file: Path) -> None:
    """Shares of each true class's pixels by predicted class, in percent."""
    share = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    n = len(classes.names)
    side = min(16.0, max(5.6, 0.36 * n + 1.4))
    fig = figure(side + 0.9, side)
    axis = fig.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100)
    # With many classes few pairs are worth a number, and there is little room for it.
    least, decimals, size = (0.05, 1, 8) if n <= MAX_LARGE else (0.5, 0, 6)
    for (row, col), value in np.ndenumerate(share):
        if value >= least and n <= MAX_NUMBERED:
            colour = "white" if value > 60 else "black"
            axis.text(col, row, f"{value:.{decimals}f}", ha="center", va="center", size=size, color=colour)
    names = [shortened(name) for name in classes.names]
    size = 10 if n <= MAX_LARGE else 8 if n <= MAX_NUMBERED else 5
    upright = max(map(len, names)) > 3
    axis.set_xticks(range(n), names, rotation=90 if upright else 0, size=size)
    axis.set_yticks(range(n), names, size=size)
    axis.set_title("pixels of each true class (%)", size=TITLE)
    axis.set(xlabel="predicted", ylabel="true")
    axis.spines[:].set_visible(False)
    fig.savefig(file)
