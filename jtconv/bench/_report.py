"""Results as text: a line for each layer while they are measured, Markdown tables at the end."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from jtconv._conv_transpose import METHODS
from jtconv.bench import _figures as figures
from jtconv.bench._figures import LAX, PEERS, TITLES, TORCH, Layer, Ratio, parts, ratio
from jtconv.bench._markdown import NOTHING, Column, digits, tabulate, times

MIN_GFLOP = 1.0  # of a layer in the mean share of the bound; overhead dominates in smaller ones
MAX_COST = 1.1  # times the fastest method's time, for a choice that counts as good


class Measured(NamedTuple):
    """A row of a part's table."""

    layer: Layer
    part: str
    dtype: str

    @property
    def timings(self) -> dict[str, Any]:
        return self.layer[self.part]


def _spread(found: Ratio | None) -> str:
    return NOTHING if found is None else f"{times(found.median)} ({digits(found.low)}–{digits(found.high)})"


def _shape(layer: Layer) -> str:
    size = "×".join(map(str, layer["y"][1:-1]))
    groups = layer["arguments"].get("groups", 1)
    tail = f", {groups} groups" if groups > 1 else ""
    return (
        f"{layer['y'][0]}×{size}, {layer['y'][-1]} → {layer['x'][-1]}, k{layer['kernel'][0]} s{layer['strides']}{tail}"
    )


# The columns of each part's table, after the layer's name. A further column is one row here.
COLUMNS = (
    Column("y → x, kernel", lambda row: _shape(row.layer)),
    Column("GFLOP", lambda row: f"{row.layer['gflop']:.2f}"),
    Column("jtconv", lambda row: f"{row.timings['jtconv']['ms']:.2f} ms"),
    Column(
        "lax",
        lambda row: _spread(ratio(row.timings, LAX)),
        "lax, torch: speed-up over lax's faster convention and over torch's faster layout, by median times; in "
        "brackets from quartile to quartile.",
    ),
    Column("torch", lambda row: _spread(ratio(row.timings, TORCH))),
    Column(
        "bound",
        lambda row: f"{figures.share_of_bound(row.layer, row.part):.0%}",
        "Bound: share of the machine's own rate of a large product or a copy.",
    ),
    Column("compile", lambda row: times(figures.compile_ratio(row.timings)), "Compile: time over lax's."),
    Column(
        "memory",
        lambda row: times(figures.memory_ratio(row.layer, row.part, row.dtype)),
        "Memory: temporary, as XLA knows of it, over the arrays given and returned.",
    ),
)

LAYER_COLUMNS = (
    Column("layer", lambda layer: layer["name"]),
    Column("y → x, kernel", _shape),
    Column("GFLOP", lambda layer: f"{layer['gflop']:.2f}"),
)


def line(layer: Layer) -> str:
    """One layer's figures on one line."""
    shown = []
    for part in parts([layer]):
        timings = layer[part]
        cells = [f"{timings['jtconv']['ms']:8.2f} ms"]
        for name, group in (("lax", LAX), ("torch", TORCH)):
            found = ratio(timings, group)
            cells += [f"{name} {found.median:6.2f}x"] if found else []
        shown.append(f"{TITLES[part]}: {'  '.join(cells)}")
    return f"{layer['name']:<15} {'   '.join(shown)}"


def markdown(results: dict[str, Any]) -> str:
    """Every table that the results hold."""
    layers, dtype = results["layers"], results["machine"]["dtype"]
    legend = " ".join(column.legend for column in COLUMNS if column.legend)
    tables = [_part_table(layers, part, dtype) for part in parts(layers)]
    found = [*tables, means(layers), methods(layers), failures(layers), legend]
    return "\n\n".join(text for text in found if text)


def _part_table(layers: list[Layer], part: str, dtype: str) -> str:
    name = Column(f"**{TITLES[part]}**", lambda row: row.layer["name"])
    return tabulate([name, *COLUMNS], [Measured(layer, part, dtype) for layer in layers if part in layer])


def means(layers: list[Layer]) -> str:
    """A table with a row for each peer, for the fastest of them, and for the bound; a column for each part."""
    groups = PEERS | {"the quickest of them": tuple(name for names in PEERS.values() for name in names)}
    rows: list[tuple[str, Callable[[str], str]]]
    rows = [(peer, partial(_mean_ratio, layers, names)) for peer, names in groups.items()]
    rows.append((f"share of the bound above {MIN_GFLOP:.0f} GFLOP", partial(_mean_share, layers)))
    measured = [Column(TITLES[part], lambda row, part=part: row[1](part)) for part in parts(layers)]
    return tabulate([Column("**geometric means**", lambda row: row[0]), *measured], rows)


def _mean_ratio(layers: list[Layer], names: Sequence[str], part: str) -> str:
    found = {layer["name"]: r.median for layer in layers if part in layer and (r := ratio(layer[part], names))}
    if not found:
        return NOTHING
    worst = min(found, key=lambda name: found[name])
    mean = times(figures.geometric_mean(found.values()))
    return f"**{mean}** of {_layers(len(found))}; least {times(found[worst])}, {worst}"


def _mean_share(layers: list[Layer], part: str) -> str:
    large = [layer for layer in layers if layer["gflop"] > MIN_GFLOP and part in layer]
    shares = [figures.share_of_bound(layer, part) for layer in large]
    return f"{sum(shares) / len(shares):.0%} of {_layers(len(shares))}" if shares else NOTHING


def _layers(count: int) -> str:
    return f"{count} layer{'s' if count > 1 else ''}"


def methods(layers: list[Layer]) -> str:
    """A table of milliseconds by method, and a sentence on the choice of `auto`; nothing without methods."""
    rows = {layer["name"]: timings for layer in layers if (timings := figures.methods(layer))}
    if not rows:
        return ""
    named = [name for name in METHODS if any(name in timings for timings in rows.values())]
    cells = [Column(name, lambda row, name=name: _milliseconds(row[1], name)) for name in named]
    return f"{tabulate([Column('**method, ms**', lambda row: row[0]), *cells], rows.items())}\n\n{_choice(layers)}"


def _milliseconds(timings: dict[str, dict[str, float]], method: str) -> str:
    """The cell of a method, bold where it is the fastest."""
    if method not in timings:
        return NOTHING
    milliseconds = timings[method]["ms"]
    fastest = milliseconds == min(t["ms"] for t in timings.values())
    return f"**{digits(milliseconds)}**" if fastest else digits(milliseconds)


def _choice(layers: list[Layer]) -> str:
    choices = {layer["name"]: choice for layer in layers if (choice := figures.choice(layer)) is not None}
    good = sum(choice.cost <= MAX_COST for choice in choices.values())
    unclear = sum(choice.overlap and choice.cost > MAX_COST for choice in choices.values())
    name, worst = max(choices.items(), key=lambda item: item[1].cost)
    return (
        f"`auto` is within {MAX_COST - 1:.0%} of the quickest method on {good} of {len(choices)} layers, and on "
        f"{unclear} more their quartiles overlap; its worst pick costs {times(worst.cost)}, on {name}, "
        f"where {worst.fastest} is the quickest."
    )


def failures(layers: list[Layer]) -> str:
    """A list: which contender has no figures, where and why. A layer that it cannot express is no failure."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for layer in layers:
        for part, found in layer.get("failed", {}).items():
            for name, reason in found.items():
                where.setdefault((name, TITLES[part], reason), []).append(layer["name"])
    return "\n".join(f"- {name}, {title}, on {', '.join(on)}: {reason}" for (name, title, reason), on in where.items())
