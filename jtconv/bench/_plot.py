"""A plot of a result: for every layer, the speed-up over lax and torch."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jtconv.bench._figures import LAX, TITLES, TORCH, Layer, Ratio, parts, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")

# Told apart by shape as well as by colour; the colours are Okabe and Ito's.
_PEERS = {"lax, faster convention": (LAX, "o", "#0072B2"), "torch, faster layout": (TORCH, "D", "#D55E00")}
_WIDTH, _ROW, _MARGIN = 5.0, 0.21, 1.0  # inches: a phone shows 5 inches at about their size
_STYLE: dict[Any, Any] = {"font.size": 9, "svg.hashsalt": "jtconv"}  # the salt: one figure twice is one file


def check(path: Path) -> None:
    """Check that a plot can be written there, before anything is measured for it."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"--plot {path}: the name must end in {' or '.join(SUFFIXES)}.")
    try:
        import matplotlib  # noqa: F401 (whether it is there)
    except ImportError:
        raise ValueError("--plot needs matplotlib: pip install 'jtconv[experiments]'.") from None


def plot(results: dict[str, Any], path: Path) -> None:
    """Write the plot, as PNG or SVG by the file's name."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        figure = draw(results)
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, dpi=200, metadata=metadata)


def draw(results: dict[str, Any]) -> "Figure":
    """One panel below the other for each part that was measured."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layers = results["layers"]
    measured = parts(layers)
    height = len(measured) * (_ROW * len(layers) + _MARGIN)
    figure = Figure(figsize=(_WIDTH, height), layout=ConstrainedLayoutEngine(h_pad=0.1), facecolor="white")
    panels = figure.subplots(len(measured), squeeze=False, sharex=True)[:, 0]
    for axes, part in zip(panels, measured, strict=True):
        _panel(axes, [layer for layer in layers if part in layer], part)
        axes.set_xlabel(f"speed-up of jtconv, {results['machine']['dtype']} (right of 1×: jtconv is faster)")
    _ticks(panels)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(_PEERS), frameon=False)
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


def _panel(axes: "Axes", layers: list[Layer], part: str) -> None:
    rows = [(layer["name"], *(ratio(layer[part], peer[0]) for peer in _PEERS.values())) for layer in layers]
    rows.sort(key=lambda row: row[1].median if row[1] else 0.0)
    names, *columns = zip(*rows, strict=True)
    for (peer, (_, marker, colour)), column in zip(_PEERS.items(), columns, strict=True):
        _points(axes, column, marker=marker, color=colour, label=peer)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(TITLES[part], loc="left", fontweight="bold")


def _points(axes: "Axes", ratios: tuple[Ratio | None, ...], **style: Any) -> None:
    """A marker at the median, a line from quartile to quartile."""
    found = [(at, r) for at, r in enumerate(ratios) if r]
    if not found:
        return
    at, x = [at for at, _ in found], [r.median for _, r in found]
    spread = [[r.median - min(r.low, r.median) for _, r in found], [max(r.high, r.median) - r.median for _, r in found]]
    axes.errorbar(x, at, xerr=spread, linestyle="none", markersize=4.5, elinewidth=1, **style)
