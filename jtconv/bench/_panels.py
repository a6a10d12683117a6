"""Panels of ratios: a row for each layer, a marker for each series, on one logarithmic axis."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jtconv.bench._figures import Ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")

# Told apart by shape as well as by colour; the colours are Okabe and Ito's.
FIRST, SECOND = {"marker": "o", "color": "#0072B2"}, {"marker": "D", "color": "#D55E00"}
_WIDTH, _ROW, _MARGIN = 5.0, 0.21, 1.0  # inches: a phone shows 5 inches at about their size
_STYLE: dict[Any, Any] = {"font.size": 9, "svg.hashsalt": "jtconv"}  # the salt: one figure twice is one file


class Row(NamedTuple):
    """A layer's name, and its ratio in each series; None where there is none."""

    name: str
    ratios: tuple[Ratio | None, ...]


class Panel(NamedTuple):
    """A title over rows, which are drawn from the bottom by their first series."""

    title: str
    rows: list[Row]


def check(path: Path) -> None:
    """Check that a plot can be written there, before anything is measured for it."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"--plot {path}: the name must end in {' or '.join(SUFFIXES)}.")
    try:
        import matplotlib  # noqa: F401 (whether it is there)
    except ImportError:
        raise ValueError("--plot needs matplotlib: pip install 'jtconv[experiments]'.") from None


def write(panels: list[Panel], series: dict[str, dict[str, Any]], label: str, path: Path) -> None:
    """Write the plot, as PNG or SVG by the file's name."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        metadata = {"Date": None} if path.suffix == ".svg" else None
        draw(panels, series, label).savefig(path, dpi=200, metadata=metadata)


def draw(panels: list[Panel], series: dict[str, dict[str, Any]], label: str) -> "Figure":
    """One panel below the other. `series`: the marker and colour of each, by name; `label`: of the axis of ratios."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    height = sum(_ROW * len(panel.rows) + _MARGIN for panel in panels)
    figure = Figure(figsize=(_WIDTH, height), layout=ConstrainedLayoutEngine(h_pad=0.1), facecolor="white")
    all_axes = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _panel(axes, panel, series)
        axes.set_xlabel(label)
    _ticks(all_axes)
    figure.legend(
        *all_axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(series), frameon=False
    )
    return figure


def _ticks(panels: Iterable["Axes"]) -> None:
    """Ticks of the axis that all panels share: at powers of ten, with 2 and 5 between where there are few of them."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for axes in panels:
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(labelbottom=True)


def _panel(axes: "Axes", panel: Panel, series: dict[str, dict[str, Any]]) -> None:
    rows = sorted(panel.rows, key=lambda row: row.ratios[0].median if row.ratios[0] else 0.0)
    columns = zip(*(row.ratios for row in rows), strict=True)
    for (name, style), column in zip(series.items(), columns, strict=True):
        _points(axes, column, **style, label=name)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(panel.title, loc="left", fontweight="bold")


def _points(axes: "Axes", ratios: tuple[Ratio | None, ...], **style: Any) -> None:
    """A marker at the median, a line from quartile to quartile."""
    found = [(at, r) for at, r in enumerate(ratios) if r]
    if not found:
        return
    at, x = [at for at, _ in found], [r.median for _, r in found]
    spread = [[r.median - min(r.low, r.median) for _, r in found], [max(r.high, r.median) - r.median for _, r in found]]
    axes.errorbar(x, at, xerr=spread, linestyle="none", markersize=4.5, elinewidth=1, **style)
