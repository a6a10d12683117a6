"""How good the choice of `method="auto"` is, where all methods were measured: Cᵀ forward."""

from jtconv.bench._figures import Layer, quickest
from jtconv.bench._markdown import digits, table, times

_PREFIX = "jtconv "
_GOOD = 1.1  # times the quickest method's time: what two runs of one program may differ by


def methods_report(layers: list[Layer]) -> str:
    """A Markdown table of milliseconds, and a sentence on the choice; nothing without methods."""
    measured = {layer["name"]: _methods(layer) for layer in layers if _methods(layer)}
    if not measured:
        return ""
    names = list(dict.fromkeys(name for methods in measured.values() for name in methods))
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
    costs = {layer["name"]: cost for layer in layers if (cost := cost_of_auto(layer)) is not None}
    good = sum(cost <= _GOOD for cost in costs.values())
    worst = max(costs, key=lambda name: costs[name])
    return (
        f"`auto` is within {_GOOD - 1:.0%} of the quickest method on {good} of {len(costs)} layers; its worst pick "
        f"costs {times(costs[worst])}, on {worst}."
    )


def cost_of_auto(layer: Layer) -> float | None:
    """How many times the quickest method's time `auto` takes; below 1 where it does what no method does alone."""
    timings = layer.get("forward", {})
    best = quickest(timings, [name for name in timings if name.startswith(_PREFIX)])
    return None if best is None else timings["jtconv"]["ms"] / best["ms"]
