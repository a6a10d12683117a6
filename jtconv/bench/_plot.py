"""A plot of a result: for every layer, the speed-up over lax and torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jtconv.bench._figures import LAX, TITLES, TORCH, parts, ratio
from jtconv.bench._panels import FIRST, SECOND, Panel, Row, write
from jtconv.bench._panels import draw as draw_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PEERS = {"lax, faster convention": LAX, "torch, faster layout": TORCH}
_SERIES = dict(zip(_PEERS, (FIRST, SECOND), strict=True))


def plot(results: dict[str, Any], path: Path) -> None:
    """Write the plot, as PNG or SVG by the file's name."""
    write(_panels(results), _SERIES, _label(results), path)


def draw(results: dict[str, Any]) -> "Figure":
    """One panel below the other for each part that was measured."""
    return draw_panels(_panels(results), _SERIES, _label(results))


def _label(results: dict[str, Any]) -> str:
    return f"speed-up of jtconv, {results['machine']['dtype']} (right of 1×: jtconv is faster)"


def _panels(results: dict[str, Any]) -> list[Panel]:
    layers = results["layers"]
    return [
        Panel(
            TITLES[part],
            [
                Row(layer["name"], tuple(ratio(layer[part], names) for names in _PEERS.values()))
                for layer in layers
                if part in layer
            ],
        )
        for part in parts(layers)
    ]
