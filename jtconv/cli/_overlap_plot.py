"""Draw the overlap pattern as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jtconv.cli._overlap_pattern import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = "cividis"  # colour-blind readers see the same order of brightness
MAX_LABELLED = 24  # rows or columns that still get counts in their cells


def save(plane: Plane, path: Path) -> None:
    """Write the picture as PNG."""
    if path.suffix != ".png":
        raise ValueError(f"`--png` must name a file that ends in .png, got {path}.")
    try:
        import matplotlib
    except ImportError:
        raise ValueError("`--png` needs matplotlib: pip install 'jtconv[experiments]'.") from None
    with matplotlib.rc_context({"font.size": 9}):
        figure = draw(plane)
        try:
            figure.savefig(path, dpi=200, bbox_inches="tight")
        except OSError as error:
            raise ValueError(f"`--png` cannot write {path}: {error.strerror or error}.") from None


def draw(plane: Plane) -> "Figure":
    """Draw a cell per position, or a bar per position of a single axis."""
    from matplotlib.figure import Figure

    rows, columns = plane.counts.shape
    cell = min(0.3, 7 / max(rows, columns))
    size = (max(columns * cell, 2.4) + 1.8, (max(rows * cell, 2) if rows > 1 else 1.6) + 1.0)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    axes = figure.subplots()
    (_map if plane.axes[0] is not None else _bars)(axes, plane)
    axes.set_title(f"{plane.title}\n{plane.subtitle}", loc="left", fontsize=9)
    axes.set_xlabel(f"position on axis {plane.axes[1]}")
    axes.tick_params(length=2)
    axes.spines[:].set_visible(False)
    return figure


def _map(axes: "Axes", plane: Plane) -> None:
    from matplotlib.colors import Normalize
    from matplotlib.ticker import MaxNLocator

    counts = plane.counts
    shading = Normalize(0, counts.max())  # from 0, so that half the brightness is half the count
    image = axes.imshow(counts, cmap=_COLOURS, norm=shading)
    axes.set_ylabel(f"position on axis {plane.axes[0]}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True))
    if max(counts.shape) <= MAX_LABELLED:
        for (row, column), count in np.ndenumerate(counts):
            dark = shading(count) < 0.5
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color="white" if dark else "black")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, label="contributions")
    numbers = np.unique(np.append(counts, 0))
    bar.locator = MaxNLocator(6, integer=True)
    if len(numbers) <= 6:
        bar.set_ticks(numbers.tolist())
    bar.outline.set_visible(False)


def _bars(axes: "Axes", plane: Plane) -> None:
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    counts = plane.counts[0]
    colours = colormaps[_COLOURS](counts / counts.max())
    bars = axes.bar(range(len(counts)), counts, color=colours, width=0.9)
    axes.set_ylabel("contributions")
    axes.set_xlim(-0.6, len(counts) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    if len(counts) <= 2 * MAX_LABELLED:
        axes.bar_label(bars, fontsize=7, padding=1)
