"""A plot of a result: for every layer, the multiplications by those needed, of "auto" and of lax alone."""

from pathlib import Path
from typing import Any

from jtconv.bench._figures import Layer, Ratio
from jtconv.bench._panels import FIRST, SECOND, Panel, Row, write
from jtconv.bench.ahead._programs import LAX, OWN, TITLES
from jtconv.bench.ahead._report import multiplications, parts_of

# Lax below, so that where both are at one place the marker on top is this package's.
_SERIES = {"lax": (LAX, SECOND), "jtconv": (OWN, FIRST)}


def plot(results: dict[str, Any], path: Path) -> None:
    """Write the plot, as PNG or SVG by the file's name."""
    styles = {name: style for name, (_, style) in _SERIES.items()}
    label = f"multiplications by those needed, {results['machine']['dtype']}"
    write(panels(results), styles, label, path)


def panels(results: dict[str, Any]) -> list[Panel]:
    """A panel for each device and part."""
    return [
        Panel(f"{TITLES[part]}, {device}", [_row(layer, part) for layer in found["layers"] if part in layer])
        for device, found in results["devices"].items()
        for part in parts_of(found["layers"])
    ]


def _row(layer: Layer, part: str) -> Row:
    return Row(layer["name"], tuple(_ratio(layer[part], method) for method, _ in _SERIES.values()))


def _ratio(by_method: dict[str, Any], method: str) -> Ratio | None:
    return Ratio(*3 * [multiplications(by_method[method])]) if method in by_method else None
