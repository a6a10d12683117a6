"""Figures that follow from a result's timings: speed-ups with their spread, shares of the bound, means."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax.numpy as jnp

LAX = ("lax", "lax unflipped")
TORCH = ("torch", "torch channels last")
PEERS = {"lax": LAX, "flax": ("flax",), "equinox": ("equinox",), "keras": ("keras",), "torch": TORCH}
TITLES = {"forward": "forward", "both": "forward + backward", "kernel_gradient": "kernel's gradient"}

Layer = dict[str, Any]  # of a result, as `_run` makes it


class Ratio(NamedTuple):
    """This package's speed-up over another contender: of the medians, and from quartile to quartile."""

    median: float
    low: float
    high: float


class Choice(NamedTuple):
    """The time of `auto` over that of the fastest method; below 1 where it does more than any one method.

    Where `auto` picks a method, both are one program, measured twice: whether the quartiles overlap
    tells a wrong pick from a disturbed measurement.
    """

    cost: float
    overlap: bool
    fastest: str


def parts(layers: list[Layer]) -> list[str]:
    """The parts that were measured, in order."""
    return [part for part in TITLES if any(part in layer for layer in layers)]


def ratio(timings: dict[str, Any], names: Iterable[str]) -> Ratio | None:
    """Speed-up over the fastest of `names`. Opposite quartiles are compared, the widest spread there can be."""
    own, found = timings["jtconv"], [timings[name] for name in names if name in timings]
    other = min(found, key=lambda t: t["ms"], default=None)
    if other is None:
        return None
    return Ratio(other["ms"] / own["ms"], other["low"] / own["high"], other["high"] / own["low"])


def methods(layer: Layer) -> dict[str, dict[str, float]]:
    """Forward timings by method, "auto" first; none if only "auto" was measured."""
    timings, prefix = layer.get("forward", {}), "jtconv "
    named = {name.removeprefix(prefix): t for name, t in timings.items() if name.startswith(prefix)}
    return {"auto": timings["jtconv"], **named} if named else {}


def choice(layer: Layer) -> Choice | None:
    """The quality of the choice of method; None where no method but `auto` was measured."""
    timings = methods(layer)
    if not timings:
        return None
    own = timings.pop("auto")
    name, best = min(timings.items(), key=lambda method: method[1]["ms"])
    return Choice(own["ms"] / best["ms"], own["low"] <= best["high"], name)


def share_of_bound(layer: Layer, part: str) -> float:
    """The time that the machine's rates of a product or a copy would need, over the time taken."""
    return layer["bound_ms"][part] / layer[part]["jtconv"]["ms"]


def compile_ratio(timings: dict[str, Any]) -> float | None:
    """The time to compile this package's program, over that of lax's."""
    own, other = (timings.get(name, {}).get("compile_s") for name in ("jtconv", "lax"))
    return own / other if own and other else None


def memory_ratio(layer: Layer, part: str, dtype: str) -> float | None:
    """The temporary memory that XLA reserves for this package's program, over all arrays given and returned."""
    temporary = layer[part]["jtconv"].get("temporary_mb")
    once = sum(math.prod(layer[name]) for name in ("y", "kernel", "x"))
    held = jnp.dtype(dtype).itemsize * once * (2 if part == "both" else 1) / 1e6
    return None if temporary is None else temporary / held


def geometric_mean(values: Iterable[float]) -> float:
    """exp of the mean of the logarithms."""
    logarithms = list(map(math.log, values))
    return math.exp(sum(logarithms) / len(logarithms))
