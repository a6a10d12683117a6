"""Results as text: a line for each layer while it is compiled, Markdown tables at the end."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jtconv._conv_transpose import METHODS
from jtconv.bench._figures import Layer, geometric_mean
from jtconv.bench._markdown import Column, digits, tabulate, times
from jtconv.bench._report import LAYER_COLUMNS
from jtconv.bench.ahead._programs import LAX, OWN, PARTS, TITLES

Figures = dict[str, Any]  # of one program, as the worker answers

# Bounds of a program of "auto".
MAX_MULTIPLICATIONS = 1.35  # times those needed
MAX_MEMORY = 1.5  # temporary, times the arrays given and returned


class Compiled(NamedTuple):
    """A row of a part's table."""

    layer: Layer
    part: str

    def of(self, method: str, cell: Callable[[Figures], str]) -> str:
        """A cell of a method's program, or a dash where there is none."""
        figures = self.layer[self.part].get(method)
        return "—" if figures is None else cell(figures)


def multiplications(figures: Figures) -> float:
    """The multiplications of a program, by those needed."""
    return figures["multiplications"] / figures["needed"]


def memory(figures: Figures) -> float:
    """The temporary memory of a program, by the arrays given and returned."""
    return figures["temporary_bytes"] / figures["array_bytes"]


def over_bounds(figures: Figures) -> list[str]:
    """List what a program does more of than it may."""
    work, inserted, temporary = multiplications(figures), figures["inserted_zeros"], memory(figures)
    return [
        *([f"multiplies {times(work)} as often as needed"] if work > MAX_MULTIPLICATIONS else []),
        *([f"inserts {inserted} zeros"] if inserted else []),
        *([f"takes {times(temporary)} the arrays' memory"] if temporary > MAX_MEMORY else []),
    ]


def _operations(figures: Figures) -> str:
    return ", ".join(figures["operations"])


def zeros(figures: Figures) -> str:
    """The inserted zeros of a program, in millions."""
    return f"{digits(figures['inserted_zeros'] / 1e6)} M" if figures["inserted_zeros"] else "0"


def _cycles(figures: Figures) -> str:
    return f"{'~' if figures['cycles_from'] == 'estimate' else ''}{digits(figures['cycles'] / 1e3)}"


class _Figure(NamedTuple):
    """One figure of a program, and what its columns say in the legend."""

    title: str
    cell: Callable[[Figures], str]
    legend: str


_FIGURES = (
    _Figure(
        "multiplications", lambda f: times(multiplications(f)), "by those needed: taps × positions of y × channels"
    ),
    _Figure("zeros", zeros, "inserted between values, in millions"),
    _Figure("memory", lambda f: times(memory(f)), "temporary, over the arrays given and returned"),
    _Figure("compile, s", lambda f: digits(f["compile_s"]), "seconds of the compiler"),
)
_CYCLES = _Figure(
    "kilocycles", _cycles, "of the final schedule's bundles, a lower bound; with ~ the compiler's estimate"
)


def line(device: str, layer: Layer) -> str:
    """One layer's figures on one line: the multiplications by those needed."""
    cells = []
    for part in parts_of([layer]):
        shown = [f"{method} {digits(multiplications(figures)):>5}x" for method, figures in layer[part].items()]
        failed = [f"{method}     -" for method in layer["failed"].get(part, {})]
        cells.append(f"{TITLES[part]}: {'  '.join([*shown, *failed])}")
    return f"{device:<7} {layer['name']:<15} {'   '.join(cells)}"


def markdown(results: dict[str, Any]) -> str:
    """Every table that the results hold."""
    dtype = results["machine"]["dtype"]
    tables = [text for name, found in results["devices"].items() for text in _device_tables(name, found, dtype)]
    layers = {layer["name"]: layer for found in results["devices"].values() for layer in found["layers"]}
    legend = " ".join(f"{one.title.capitalize()}: {one.legend}." for one in (*_FIGURES, _CYCLES))
    return "\n\n".join([*tables, legend, tabulate(LAYER_COLUMNS, layers.values())])


def _device_tables(device: str, found: dict[str, Any], dtype: str) -> Iterator[str]:
    layers = found["layers"]
    yield f"{found['device']}, {dtype}, by {found['compiler']}:"
    for part in parts_of(layers):
        rows = [Compiled(layer, part) for layer in layers if part in layer]
        yield tabulate(_columns(rows, f"{TITLES[part]}, {device}"), rows)
    yield _gains(layers, device) if _has_cycles(layers) else _summary(layers, device)
    if any(_other_methods(layer) for layer in layers):
        yield _methods(layers, device)
    if text := failures(layers):
        yield text


def parts_of(layers: list[Layer]) -> list[str]:
    """The parts that were compiled, in order."""
    return [part for part in PARTS if any(part in layer for layer in layers)]


def _columns(rows: list[Compiled], title: str) -> list[Column]:
    """The columns of a part's table: each figure for "auto" and for lax alone."""
    on_tpu = _has_cycles([row.layer for row in rows])

    def both(figure: _Figure) -> Column:
        return Column(
            f"{figure.title}: {OWN} / {LAX}", lambda row: f"{row.of(OWN, figure.cell)} / {row.of(LAX, figure.cell)}"
        )

    return [
        Column(f"**{title}**", lambda row: row.layer["name"]),
        Column(OWN, lambda row: row.of(OWN, _operations)),
        Column(LAX, _operations_of_lax),
        *map(both, (*_FIGURES, *((_CYCLES,) if on_tpu else ()))),
    ]


def _operations_of_lax(row: Compiled) -> str:
    own, other = (row.of(method, _operations) for method in (OWN, LAX))
    return "the same" if own == other != "—" else other


def _summary(layers: list[Layer], device: str) -> str:
    """A table of the multiplications by those needed: mean and worst, by method and part; and the bounds."""
    parts = [
        Column(TITLES[part], lambda method, part=part: _mean_and_worst(layers, part, method))
        for part in parts_of(layers)
    ]
    return tabulate([Column(f"**multiplications by those needed, {device}**", str), *parts], (OWN, LAX))


def _has_cycles(layers: list[Layer]) -> bool:
    """Whether the device is a TPU, whose compiler tells cycles."""
    return any(
        "cycles" in figures for layer in layers for part in parts_of([layer]) for figures in layer[part].values()
    )


def _gains(layers: list[Layer], device: str) -> str:
    """A table of lax's cycles over those of "auto": mean, least and most, by part."""
    parts = [Column(TITLES[part], lambda _, part=part: _gain(layers, part)) for part in parts_of(layers)]
    return tabulate([Column(f"**lax's cycles by those of auto, {device}**", str), *parts], [OWN])


def _gain(layers: list[Layer], part: str) -> str:
    found = {layer["name"]: layer[part] for layer in layers if {OWN, LAX} <= set(layer.get(part, {}))}
    if not found:
        return "—"
    gains = {name: figures[LAX]["cycles"] / figures[OWN]["cycles"] for name, figures in found.items()}
    least, most = min(gains, key=lambda name: gains[name]), max(gains, key=lambda name: gains[name])
    mean = geometric_mean(gains.values())
    extremes = f"least {times(gains[least])}, {least}; most {times(gains[most])}, {most}"
    return f"mean **{times(mean)}** of {len(gains)} layers; {extremes}"


def _mean_and_worst(layers: list[Layer], part: str, method: str) -> str:
    found = {layer["name"]: layer[part][method] for layer in layers if method in layer.get(part, {})}
    if not found:
        return "—"
    work = {name: multiplications(figures) for name, figures in found.items()}
    worst = max(work, key=lambda name: work[name])
    within = sum(not over_bounds(figures) for figures in found.values())
    mean = geometric_mean(max(value, 1e-3) for value in work.values())
    return f"mean **{times(mean)}**; most {times(work[worst])}, {worst}; {within} of {len(found)} within bounds"


def _other_methods(layer: Layer) -> set[str]:
    return set(layer.get("forward", {})) - {OWN, LAX}


def _methods(layers: list[Layer], device: str) -> str:
    """A table of the forward program's multiplications and memory by method."""

    def cell(figures: Figures) -> str:
        return f"{times(multiplications(figures))}, {times(memory(figures))}"

    rows = [Compiled(layer, "forward") for layer in layers]
    columns = [Column(method, lambda row, method=method: row.of(method, cell)) for method in METHODS]
    title = f"**method: multiplications, memory, {device}**"
    return tabulate([Column(title, lambda row: row.layer["name"]), *columns], rows)


def failures(layers: list[Layer]) -> str:
    """A list: which program was not compiled, and why."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for layer in layers:
        for part, found in layer["failed"].items():
            for method, reason in found.items():
                where.setdefault((method, TITLES[part], reason), []).append(layer["name"])
    return "\n".join(f"- {name}, {part}, on {', '.join(on)}: {reason}" for (name, part, reason), on in where.items())
