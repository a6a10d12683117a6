"""What a network needs of a file: every parameter, and the ways in which it may be there."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from jtconv._frameworks.keras import LAYOUT as KERAS
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._frameworks.torch import LAYOUT as TORCH
from jtconv.weights._channels import FIRST_KERNEL, RGB, with_inputs
from jtconv.weights._slots import Name, Slot, slots
from jtconv.weights._state import flat_state

LAYOUTS = {"torch": TORCH, "keras": KERAS}

Shape = tuple[int, ...]
Key = tuple[str, str]  # (layer, "kernel" or "bias"); for our own names (path of the module, parameter)


class Way(NamedTuple):
    """An entry that may hold a parameter: shapes that it may have, and how it becomes ours."""

    key: Key
    shapes: tuple[Shape, ...]
    convert: Callable[[np.ndarray], np.ndarray]


class Need(NamedTuple):
    """One parameter of a network, by its name there, and the ways in which it may be stored."""

    ours: str
    ways: tuple[Way, ...]

    @property
    def part(self) -> str:
        """ "encoder", "head" or "decoder"."""
        top = self.ours.partition(".")[0]
        return {"conv6": "head", "conv7": "head", "decoder": "decoder"}.get(top, "encoder")


def needs(model: Any, framework: str) -> list[Need]:
    """Everything that a network can be given; "jtconv" is by this library's own names."""
    if framework == "jtconv":
        return [_own(name, x.shape) for name, x in flat_state(model).items()]
    return [_foreign(slot, parameter, framework) for slot in slots(model) for parameter in parameters(slot)]


def parameters(slot: Slot) -> tuple[str, ...]:
    return ("kernel",) if slot.module.bias is None else ("kernel", "bias")


def _own(name: str, shape: Shape) -> Need:
    module, _, parameter = name.rpartition(".")
    return Need(name, (_adapted(name, shape, Way((module, parameter), (shape,), np.asarray), KERAS),))


def _foreign(slot: Slot, parameter: str, framework: str) -> Need:
    ours, shape = f"{slot.path}.{parameter}", getattr(slot.module, parameter).shape
    layout = LAYOUTS[framework] if parameter == "kernel" else None
    ways = (_way(name, parameter, shape, layout) for name in slot.names[framework])
    return Need(ours, tuple(_adapted(ours, shape, way, layout) for way in ways))


def _way(name: Name, parameter: str, shape: Shape, layout: KernelLayout | None) -> Way:
    key = (name.layer, parameter)
    if layout is None:
        return Way(key, (shape,), np.asarray)
    stored = stored_shape(layout, shape)
    if not name.dense:
        return Way(key, (stored,), layout.to_ours)
    outputs = shape[-1]
    matrix = (outputs, int(np.prod(stored[1:]))) if layout.leading else (int(np.prod(stored[:-1])), outputs)
    return Way(key, (matrix,), lambda x: layout.to_ours(x.reshape(stored)))


def _adapted(ours: str, shape: Shape, way: Way, layout: KernelLayout | None) -> Way:
    """The first kernel of a network with other than three input channels may have three in the file."""
    if layout is None or not ours.endswith(FIRST_KERNEL) or shape[-2] == RGB:
        return way
    of_three = stored_shape(layout, (*shape[:-2], RGB, shape[-1]))
    convert = partial(_then_with_inputs, way.convert, shape[-2])
    return Way(way.key, (*way.shapes, of_three), convert)


def _then_with_inputs(convert: Callable[[np.ndarray], np.ndarray], in_ch: int, stored: np.ndarray) -> np.ndarray:
    return with_inputs(convert(stored), in_ch)


def stored_shape(layout: KernelLayout, shape: Shape) -> Shape:
    """Shape in which a layout stores our kernel of `shape`."""
    return layout.from_ours(np.broadcast_to(np.zeros(()), shape)).shape
