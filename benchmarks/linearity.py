"""Time and temporary memory by pixel of x, from 32×32 to 1024×1024: python benchmarks/linearity.py --help."""

import argparse
from typing import Any

import numpy as np

from jtconv.bench._contenders import own
from jtconv.bench._figures import TITLES
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._markdown import digits, table
from jtconv.bench._programs import Program, random_arrays
from jtconv.bench._timing import interleaved, summary

SIZES = (32, 64, 128, 256, 512, 1024)  # of x, square; multiples of all strides
CHANNELS = 16
KINDS = {"k4 s2": (4, 2, {"padding": 1}), "k3 s1": (3, 1, {"padding": 1}), "k16 s8": (16, 8, {"padding": 4})}
PARTS = ("forward", "both")
MIN_PIXELS = 128**2  # of the exponents: below, the fixed cost of a call weighs in


def layer_of(kind: str, size: int) -> NetworkLayer:
    """A layer of one of the kinds, for x of size × size."""
    k, s, arguments = KINDS[kind]
    return NetworkLayer(kind, "linearity", 1, (size // s,) * 2, CHANNELS, CHANNELS, k, s, arguments)


def measure(kind: str, sizes: tuple[int, ...], dtype: str, seconds: float) -> dict[str, dict[int, dict[str, float]]]:
    """By part and pixels: nanoseconds and temporary bytes, by pixel. All sizes run in turn."""
    measured = {}
    for part in PARTS:
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
    return own(layer, random_arrays(layer, dtype), part)


def exponent(by_pixels: dict[int, dict[str, float]]) -> float | None:
    """The e of time ~ pixels^e on the larger images, by least squares; 1 is linear."""
    large = {pixels: pixels * figures["ns"] for pixels, figures in by_pixels.items() if pixels >= MIN_PIXELS}
    if len(large) < 2:
        return None
    return float(np.polyfit(np.log(list(large)), np.log(list(large.values())), 1)[0])


def markdown(kind: str, measured: dict[str, Any]) -> str:
    """A row for each size, and the exponents."""
    head = [title for part in PARTS for title in (f"{TITLES[part]}, ns/pixel", "bytes/pixel")]
    rows = []
    for pixels in measured["forward"]:
        figures = [measured[part][pixels][name] for part in PARTS for name in ("ns", "bytes")]
        rows.append([f"{round(pixels**0.5)}²", *map(digits, figures)])
    powers = [cell for part in PARTS for cell in (_power(exponent(measured[part])), "")]
    rows.append([f"time from {round(MIN_PIXELS**0.5)}² on", *powers])
    return table([f"**{kind}**, {CHANNELS} → {CHANNELS}", *head], rows)


def _power(e: float | None) -> str:
    return "—" if e is None else f"~ pixels^{e:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Is the time of a transposed convolution linear in its pixels?")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="multiples of 8")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each size; default: 0.5")
    given = parser.parse_args()
    measured = {kind: measure(kind, tuple(given.sizes), given.dtype, given.seconds) for kind in KINDS}
    print("\n\n".join(markdown(kind, figures) for kind, figures in measured.items()))


if __name__ == "__main__":
    main()
