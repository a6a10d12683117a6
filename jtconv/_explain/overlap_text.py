"""The overlaps of a layer in words."""

from itertools import product
from math import prod
from typing import Any

from jtconv._explain.facts import LayerFacts
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.overlap import contributions_inside
from jtconv._geometry.words import axis_lines, one_or_each

MAX_SHOWN = 24  # positions on a line


def contributions(layer: LayerFacts) -> str:
    """The number of contributions to each position of Cᵀ y, axis by axis, and the nearest even layer."""
    return "\n".join(
        [
            "Contributions per position of the result:",
            *axis_lines(layer.geometry.ndim, lambda axis: _counts(layer, axis)),
            *_together(layer),
            *_even_layer(layer),
        ]
    )


def _counts(layer: LayerFacts, axis: int) -> str:
    counts = layer.overlap[axis]
    shown = " ".join(map(str, counts[:MAX_SHOWN])) + (" …" if len(counts) > MAX_SHOWN else "")
    k, s, d = (getattr(layer.geometry, name)[axis] for name in ("kernel_size", "strides", "dilation"))
    spaced = f", d = {d}" if d > 1 else ""
    even = "even inside" if layer.is_even[axis] else "uneven: a checkerboard, unless the kernel corrects it"
    return f"{shown}   (k = {k}, s = {s}{spaced}: {even})"


def _together(layer: LayerFacts) -> list[str]:
    """The product of the axes' counts, away from the borders."""
    if layer.geometry.ndim < 2:
        return []
    inside = [contributions_inside(layer.geometry, axis) for axis in range(layer.geometry.ndim)]
    numbers = sorted({prod(counts) for counts in product(*map(set, inside))})
    listed = " or ".join(filter(None, [", ".join(map(str, numbers[:-1])), str(numbers[-1])]))
    return [f"    together {listed} away from the borders"]


def _even_layer(layer: LayerFacts) -> list[str]:
    if all(layer.is_even):
        return []
    if layer.even_layer is None:
        return ["    No layer that is even inside pads a single position by reflection."]
    taps = prod(layer.even_layer.geometry.kernel_size), prod(layer.geometry.kernel_size)
    changes = [*_changes(layer), f"{taps[0]} taps instead of {taps[1]}"]
    return [f"    The nearest layer that is even inside, to the same size: {', '.join(changes)}."]


def _changes(layer: LayerFacts) -> list[str]:
    """Each argument that differs, with its new and old value."""
    even, geometry = layer.even_layer, layer.geometry
    assert even is not None
    pairs = {
        "kernel_size": (even.geometry.kernel_size, geometry.kernel_size),
        "dilation": (even.geometry.dilation, geometry.dilation),
        "padding": (_padding(even.geometry), _padding(geometry)),
        "output_padding": (even.output_padding, layer.output_padding),
    }
    return [f"{name} {_short(new)} instead of {_short(old)}" for name, (new, old) in pairs.items() if new != old]


def _padding(geometry: ConvGeometry) -> Any:
    return ((0, 0),) * geometry.ndim if geometry.padding == "VALID" else geometry.padding


def _short(value: Any) -> str:
    """A single value if all axes share it."""
    return str(value if isinstance(value, str) else one_or_each(value))
