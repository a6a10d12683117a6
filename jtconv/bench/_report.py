"""Results as text: a line for each layer while they are measured, Markdown tables at the end."""

from typing import Any

from jtconv.bench._figures import (
    LAX,
    TITLES,
    TORCH,
    Layer,
    Ratio,
    compile_ratio,
    memory_ratio,
    parts,
    ratio,
    share_of_bound,
)
from jtconv.bench._markdown import digits, table, times
from jtconv.bench._methods_report import methods_report
from jtconv.bench._summary import failures, summary

_LEGEND = (
    "lax (both conventions) and torch (both layouts): how many times jtconv's median time the quickest takes, and in "
    "brackets from quartile to quartile. Bound: share of the machine's own rate of a large product or a copy. "
    "Compile: time by lax's. Memory: temporary, as XLA knows of it, by the arrays given and returned."
)


def line(layer: Layer) -> str:
    """One layer's figures on one line."""
    shown = []
    for part in parts([layer]):
        timings = layer[part]
        figures = [f"{timings['jtconv']['ms']:8.2f} ms"]
        for name, group in (("lax", LAX), ("torch", TORCH)):
            found = ratio(timings, group)
            figures.append(f"{name} {found.median:6.2f}x" if found else f"{name}      -")
        shown.append(f"{TITLES[part]}: {'  '.join(figures)}")
    return f"{layer['name']:<15} {'   '.join(shown)}"


def markdown(results: dict[str, Any]) -> str:
    """Every table that the results hold."""
    layers, dtype = results["layers"], results["machine"]["dtype"]
    tables = [_part_table(layers, part, dtype) for part in parts(layers)]
    found = [*tables, summary(layers), methods_report(layers), failures(layers), _LEGEND, _layers_table(layers)]
    return "\n\n".join(text for text in found if text)


def _part_table(layers: list[Layer], part: str, dtype: str) -> str:
    rows = [_row(layer, part, dtype) for layer in layers if part in layer]
    return table([f"**{TITLES[part]}**", "jtconv", "lax", "torch", "bound", "compile", "memory"], rows)


def _row(layer: Layer, part: str, dtype: str) -> list[str]:
    timings = layer[part]
    return [
        layer["name"],
        f"{timings['jtconv']['ms']:.2f} ms",
        _spread(ratio(timings, LAX)),
        _spread(ratio(timings, TORCH)),
        f"{share_of_bound(layer, part):.0%}",
        times(compile_ratio(timings)),
        times(memory_ratio(layer, part, dtype)),
    ]


def _spread(found: Ratio | None) -> str:
    return "—" if found is None else f"{times(found.median)} ({digits(found.low)}–{digits(found.high)})"


def _layers_table(layers: list[Layer]) -> str:
    rows = [[layer["name"], _shape(layer), f"{layer['gflop']:.2f}"] for layer in layers]
    return table(["layer", "y → x, kernel", "GFLOP"], rows)


def _shape(layer: Layer) -> str:
    size = "×".join(map(str, layer["y"][1:-1]))
    groups = layer["arguments"].get("groups", 1)
    tail = f", {groups} groups" if groups > 1 else ""
    return (
        f"{layer['y'][0]}×{size}, {layer['y'][-1]} → {layer['x'][-1]}, k{layer['kernel'][0]} s{layer['strides']}{tail}"
    )
