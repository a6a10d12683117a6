"""Pictures of a run: image, truth and prediction; the curves; the confusion matrix."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from experiments.fcn8.log import Line, column
from experiments.fcn8.scenes import BACKGROUND, CLASS_NAMES, NUM_CLASSES, Scenes

# Paul Tol's "muted" colours, which stay apart for colour-blind readers, and black; on white.
MUTED = [
    "#CC6677",
    "#332288",
    "#DDCC77",
    "#117733",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
]
CLASS_COLOURS = ListedColormap([*MUTED, "#000000", "#FFFFFF"])
LEGEND = (*CLASS_NAMES[:-1], "background")
ROWS = 6
TITLE = 10  # points


def figure(width: float, height: float) -> Figure:
    """A figure that belongs to no window: nothing is shown and no global state is kept."""
    return Figure(figsize=(width, height), layout="constrained", dpi=120)


def save_predictions(scenes: Scenes, predicted: NDArray, file: Path) -> None:
    """One row per scene: image, truth, prediction; the classes' colours below."""
    rows = min(ROWS, len(scenes.images))
    fig = figure(7.0, 1.7 * rows + 0.9)
    axes = fig.subplots(rows, 3, squeeze=False)
    for row, image, truth, guess in zip(axes, scenes.images, scenes.labels, predicted, strict=False):
        row[0].imshow(image[..., 0], cmap="gray", vmin=0, vmax=1)
        show_classes(row[1], truth)
        show_classes(row[2], guess)
    for axis, title in zip(axes[0], ("image", "truth", "prediction"), strict=True):
        axis.set_title(title, size=TITLE)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    fig.legend(handles=legend_patches(), loc="outside lower center", ncols=6, frameon=False)
    fig.savefig(file)


def show_classes(axis: Axes, labels: NDArray) -> None:
    axis.imshow(labels, cmap=CLASS_COLOURS, vmin=0, vmax=BACKGROUND, interpolation="nearest")


def legend_patches() -> list[Patch]:
    return [
        Patch(facecolor=CLASS_COLOURS(i), edgecolor="0.4", linewidth=0.5, label=name) for i, name in enumerate(LEGEND)
    ]


def save_curves(log: list[Line], file: Path) -> None:
    """Training loss (logarithmic) and held-out IoU over the steps."""
    fig = figure(7.5, 3.0)
    left, right = fig.subplots(1, 2)
    left.semilogy(*column(log, "loss"), color=MUTED[1], linewidth=1)
    left.set_title("training loss", size=TITLE)
    left.set(xlabel="step", ylabel="cross-entropy per pixel")
    for name, label, colour, marker in (
        ("mean_iou", "mean of 11 classes", MUTED[3], "s"),
        ("digit_iou", "mean of 10 digits", MUTED[0], "o"),
    ):
        right.plot(*column(log, name), color=colour, marker=marker, markersize=4, label=label)
    right.set_title("held-out IoU", size=TITLE)
    right.set(xlabel="step", xlim=(0, None), ylim=(0, 1))
    right.legend(loc="lower right", frameon=False)
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    fig.savefig(file)


def save_confusion(confusion: NDArray[np.int64], file: Path) -> None:
    """Shares of each true class's pixels by predicted class, in percent."""
    share = 100 * confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    fig = figure(6.5, 5.6)
    axis = fig.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for (row, col), value in np.ndenumerate(share):
        if value >= 0.05:
            colour = "white" if value > 60 else "black"
            axis.text(col, row, f"{value:.1f}", ha="center", va="center", size=8, color=colour)
    axis.set_xticks(range(NUM_CLASSES), CLASS_NAMES)
    axis.set_yticks(range(NUM_CLASSES), CLASS_NAMES)
    axis.set_title("pixels of each true class (%)", size=TITLE)
    axis.set(xlabel="predicted", ylabel="true")
    axis.spines[:].set_visible(False)
    fig.savefig(file)
