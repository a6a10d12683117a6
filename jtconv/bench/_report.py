"""Tables of results, as text for a terminal and as Markdown."""

import math
from collections.abc import Iterable
from typing import Any

LAX = ("lax", "lax unflipped", "flax", "equinox")
TORCH = ("torch", "torch channels last")
TITLES = {"forward": "forward", "both": "forward + backward"}


def best(timings: dict[str, Any], names: Iterable[str]) -> float | None:
    """The least median of `names`, in milliseconds."""
    return min((timings[name]["ms"] for name in names if name in timings), default=None)


def ratio(timings: dict[str, Any], names: Iterable[str]) -> float | None:
    """How many times this package's time the quickest of `names` takes."""
    other = best(timings, names)
    return None if other is None else other / timings["jtconv"]["ms"]


def line(layer: dict[str, Any]) -> str:
    """One layer's figures on one line."""
    parts = []
    for part, title in TITLES.items():
        timings = layer[part]
        figures = [f"{timings['jtconv']['ms']:8.2f} ms"]
        for name, group in (("lax", LAX), ("torch", TORCH)):
            found = ratio(timings, group)
            figures.append(f"{name} {found:6.2f}x" if found else f"{name}      -")
        parts.append(f"{title}: {'  '.join(figures)}")
    return f"{layer['name']:<15} {'   '.join(parts)}"


def table(results: dict[str, Any]) -> str:
    """Markdown: milliseconds of this package, and how many times as long the others take."""
    head = (
        "| layer | y → x, kernel | forward | lax | torch | share of bound | forward + backward | lax | torch | "
        "share of bound |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    rows = [_row(layer) for layer in results["layers"]]
    return "\n".join([head, *rows, _means(results["layers"])])


def _row(layer: dict[str, Any]) -> str:
    cells = [layer["name"], _shape(layer)]
    for part in TITLES:
        timings = layer[part]
        cells += [f"{timings['jtconv']['ms']:.2f} ms", _times(ratio(timings, LAX)), _times(ratio(timings, TORCH))]
        cells.append(f"{layer['bound_ms'][part] / timings['jtconv']['ms']:.0%}")
    return f"| {' | '.join(cells)} |"


def _shape(layer: dict[str, Any]) -> str:
    size = "×".join(map(str, layer["y"][1:-1]))
    groups = layer["arguments"].get("groups", 1)
    tail = f", {groups} groups" if groups > 1 else ""
    return (
        f"{layer['y'][0]}×{size}, {layer['y'][-1]} → {layer['x'][-1]}, k{layer['kernel'][0]} s{layer['strides']}{tail}"
    )


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}×"


def _means(layers: list[dict[str, Any]]) -> str:
    cells = ["**geometric mean (worst)**", ""]
    for part in TITLES:
        cells.append("")
        for group in (LAX, TORCH):
            found = [r for layer in layers if (r := ratio(layer[part], group)) is not None]
            cells.append(f"**{geometric_mean(found):.2f}×** ({min(found):.2f}×)" if found else "")
        large = [layer for layer in layers if layer["gflop"] > 1]
        shares = [layer["bound_ms"][part] / layer[part]["jtconv"]["ms"] for layer in large]
        cells.append(f"{sum(shares) / len(shares):.0%} above 1 GFLOP" if shares else "")
    return f"| {' | '.join(cells)} |"


def geometric_mean(values: list[float]) -> float:
    """exp of the mean of the logarithms."""
    return math.exp(sum(map(math.log, values)) / len(values))
