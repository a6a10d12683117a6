"""What follows from a result's timings: ratios with their spread, shares of the bound, means."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax.numpy as jnp

LAX = ("lax", "lax unflipped")
TORCH = ("torch", "torch channels last")
PEERS = {"lax": LAX, "flax": ("flax",), "equinox": ("equinox",), "keras": ("keras",), "torch": TORCH}
TITLES = {"forward": "forward", "both": "forward + backward", "kernel_gradient": "kernel's gradient"}

Layer = dict[str, Any]  # of a result, as `_run` makes it
LARGE = 1.0  # GFLOP: below, what surrounds the arithmetic weighs in


class Ratio(NamedTuple):
    """How many times this package's time another takes: of the medians, and from quartile to quartile."""

    median: float
    low: float
    high: float


def parts(layers: list[Layer]) -> list[str]:
    """Those that were measured, in order."""
    return [part for part in TITLES if any(part in layer for layer in layers)]


def quickest(timings: dict[str, Any], names: Iterable[str]) -> dict[str, float] | None:
    """The figures of the one of `names` with the least median."""
    return min((timings[name] for name in names if name in timings), key=lambda t: t["ms"], default=None)


def ratio(timings: dict[str, Any], names: Iterable[str]) -> Ratio | None:
    """Of the quickest of `names`. Its quartile against our other one is the widest that the spread can be."""
    own, other = timings["jtconv"], quickest(timings, names)
    if other is None:
        return None
    return Ratio(other["ms"] / own["ms"], other["low"] / own["high"], other["high"] / own["low"])


def share_of_bound(layer: Layer, part: str) -> float:
    """Of the time taken, what the machine's own rates of a product or a copy would need."""
    return layer["bound_ms"][part] / layer[part]["jtconv"]["ms"]


def compile_ratio(timings: dict[str, Any]) -> float | None:
    """How many times lax's time this package's program takes to compile."""
    own, other = (timings.get(name, {}).get("compile_s") for name in ("jtconv", "lax"))
    return own / other if own and other else None


def memory_ratio(layer: Layer, part: str, dtype: str) -> float | None:
    """The temporary memory that XLA reserves for this package's program, by all arrays given and returned."""
    temporary = layer[part]["jtconv"].get("temporary_mb")
    once = sum(math.prod(layer[name]) for name in ("y", "kernel", "x"))
    held = jnp.dtype(dtype).itemsize * once * (2 if part == "both" else 1) / 1e6
    return None if temporary is None else temporary / held


def geometric_mean(values: list[float]) -> float:
    """exp of the mean of the logarithms."""
    return math.exp(sum(map(math.log, values)) / len(values))
