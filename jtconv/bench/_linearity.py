"""Time and temporary memory of this package by pixel of x, from small images to large ones."""

from typing import Any

import numpy as np

from jtconv.bench._contenders import contenders
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._markdown import digits, table
from jtconv.bench._programs import Program, random_arrays
from jtconv.bench._timing import interleaved, summary

SIZES = (32, 64, 128, 256, 512, 1024)  # of x, square; multiples of all strides
_CHANNELS = 16
_KINDS = {"k4 s2": (4, 2, {"padding": 1}), "k3 s1": (3, 1, {"padding": 1}), "k16 s8": (16, 8, {"padding": 4})}
_PARTS = ("forward", "both")
_LARGE = 128**2  # pixels: below, what a call costs whatever its size weighs in


def layer_of(kind: str, size: int) -> NetworkLayer:
    """One of the kinds, for x of size × size."""
    k, s, arguments = _KINDS[kind]
    return NetworkLayer(kind, "linearity", 1, (size // s,) * 2, _CHANNELS, _CHANNELS, k, s, arguments)


def measure(kind: str, sizes: tuple[int, ...], dtype: str, seconds: float) -> dict[str, dict[int, dict[str, float]]]:
    """By part and pixels: nanoseconds and temporary bytes, by pixel. All sizes run in turn."""
    measured = {}
    for part in _PARTS:
        programs = {str(size): _program(kind, size, dtype, part) for size in sizes}
        times = interleaved({name: p.run for name, p in programs.items()}, seconds)
        measured[part] = {
            int(name) ** 2: {
                "ns": 1e6 * summary(times[name])["ms"] / int(name) ** 2,
                "bytes": (program.temporary_bytes or 0) / int(name) ** 2,
            }
            for name, program in programs.items()
        }
    return measured


def _program(kind: str, size: int, dtype: str, part: str) -> Program:
    layer = layer_of(kind, size)
    program = contenders(methods=False)["jtconv"](layer, random_arrays(layer, dtype), part)
    assert program is not None
    return program


def exponent(by_pixels: dict[int, dict[str, float]]) -> float | None:
    """The e of time ~ pixels^e on the larger images, by least squares; 1 is linear."""
    large = {pixels: pixels * figures["ns"] for pixels, figures in by_pixels.items() if pixels >= _LARGE}
    if len(large) < 2:
        return None
    return float(np.polyfit(np.log(list(large)), np.log(list(large.values())), 1)[0])


def markdown(kind: str, measured: dict[str, Any]) -> str:
    """A row for each size, and the exponents."""
    head = [
        f"**{kind}**, {_CHANNELS} → {_CHANNELS}", "forward, ns/pixel", "bytes/pixel",
        "forward + backward, ns/pixel", "bytes/pixel",
    ]  # fmt: skip
    rows = []
    for pixels in measured["forward"]:
        figures = [measured[part][pixels][name] for part in _PARTS for name in ("ns", "bytes")]
        rows.append([f"{round(pixels**0.5)}²", *map(digits, figures)])
    powers = [_power(exponent(measured[part])) for part in _PARTS]
    rows.append([f"time from {round(_LARGE**0.5)}² on", powers[0], "", powers[1], ""])
    return table(head, rows)


def _power(e: float | None) -> str:
    return "—" if e is None else f"~ pixels^{e:.2f}"
