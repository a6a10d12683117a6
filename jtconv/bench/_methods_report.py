"""How good the choice of `method="auto"` is, where all methods were measured: Cᵀ forward."""

from typing import NamedTuple

from jtconv._conv_transpose import METHODS
from jtconv.bench._figures import Layer
from jtconv.bench._markdown import digits, table, times

_PREFIX = "jtconv "
_GOOD = 1.1  # times the quickest method's time


class Choice(NamedTuple):
    """How many times the quickest method's time `auto` takes; below 1 where it does what no method does alone.

    Where `auto` picks a method, both are one program, measured twice: whether the quartiles overlap
    tells a wrong pick from a disturbed measurement.
    """

    cost: float
    overlap: bool
    quickest: str


def methods_report(layers: list[Layer]) -> str:
    """A Markdown table of milliseconds, and a sentence on the choice; nothing without methods."""
    measured = {layer["name"]: _methods(layer) for layer in layers if _methods(layer)}
    if not measured:
        return ""
    names = [name for name in METHODS if any(name in methods for methods in measured.values())]
    rows = [
        [name, *(_cell(methods.get(method), min(methods.values())) for method in names)]
        for name, methods in measured.items()
    ]
    return f"{table(['**method, ms**', *names], rows)}\n\n{_choice(layers)}"


def _methods(layer: Layer) -> dict[str, float]:
    """Milliseconds by method, "auto" first; none if only "auto" was measured."""
    timings = layer.get("forward", {})
    others = {name.removeprefix(_PREFIX): t["ms"] for name, t in timings.items() if name.startswith(_PREFIX)}
    return {"auto": timings["jtconv"]["ms"], **others} if others else {}


def _cell(milliseconds: float | None, least: float) -> str:
    if milliseconds is None:
        return "—"
    return f"**{digits(milliseconds)}**" if milliseconds == least else digits(milliseconds)


def _choice(layers: list[Layer]) -> str:
    choices = {layer["name"]: choice for layer in layers if (choice := judge(layer)) is not None}
    near = [choice.cost <= _GOOD for choice in choices.values()]
    unclear = [choice.overlap and choice.cost > _GOOD for choice in choices.values()]
    worst = max(choices, key=lambda name: choices[name].cost)
    return (
        f"`auto` is within {_GOOD - 1:.0%} of the quickest method on {sum(near)} of {len(choices)} layers, and on "
        f"{sum(unclear)} more their quartiles overlap; its worst pick costs {times(choices[worst].cost)}, on {worst}, "
        f"where {choices[worst].quickest} is the quickest."
    )


def judge(layer: Layer) -> Choice | None:
    """None where no method but `auto` was measured."""
    timings = layer.get("forward", {})
    own, names = timings.get("jtconv"), [name for name in timings if name.startswith(_PREFIX)]
    if own is None or not names:
        return None
    name = min(names, key=lambda name: timings[name]["ms"])
    best = timings[name]
    return Choice(own["ms"] / best["ms"], own["low"] <= best["high"], name.removeprefix(_PREFIX))
