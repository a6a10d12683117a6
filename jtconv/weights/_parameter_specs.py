"""Every parameter of a network, and the forms in which a file may store it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jtconv._frameworks.keras import LAYOUT as KERAS
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._frameworks.torch import LAYOUT as TORCH
from jtconv.weights._network_layers import MATRICES, network_layers

LAYOUTS = {"torch": TORCH, "keras": KERAS}
FIRST_KERNEL = "stages.0.convs.0.conv.kernel"
RGB = 3  # channels

Shape = tuple[int, ...]
Key = tuple[str, str]  # (layer, "kernel" or "bias"); for our own names (path of the module, parameter)


class StoredAs(NamedTuple):
    """An entry that may hold a parameter: shapes that it may have, and how it becomes ours."""

    key: Key
    shapes: tuple[Shape, ...]
    convert: Callable[[np.ndarray], np.ndarray]


class ParameterSpec(NamedTuple):
    """One parameter of a network, by its name there, and the forms in which it may be stored."""

    ours: str
    forms: tuple[StoredAs, ...]

    @property
    def part(self) -> str:
        """ "encoder", "head" or "decoder"."""
        top = self.ours.partition(".")[0]
        return {"conv6": "head", "conv7": "head", "decoder": "decoder"}.get(top, "encoder")


def parameter_specs(model: Any, framework: str) -> Iterator[ParameterSpec]:
    """Everything that a network can be given; "jtconv" is by this library's own names."""
    if framework == "jtconv":
        for ours, variable in flat_state(model).items():
            layer = ours.rpartition(".")[0]
            yield ParameterSpec(ours, (_stored_as(layer, ours, variable.shape, KERAS),))
        return
    for layer in network_layers(model, framework):
        for parameter in parameters(layer.module):
            ours, shape = f"{layer.path}.{parameter}", getattr(layer.module, parameter).shape
            layout = LAYOUTS[framework] if parameter == "kernel" else KERAS
            yield ParameterSpec(ours, tuple(_stored_as(name, ours, shape, layout) for name in layer.names))


def parameters(module: Any) -> tuple[str, ...]:
    return ("kernel",) if module.bias is None else ("kernel", "bias")


def _stored_as(layer: str, ours: str, shape: Shape, layout: KernelLayout) -> StoredAs:
    """How a file stores a parameter under this layer's name. `KERAS`, which is ours, leaves every array as it is."""
    parameter = ours.rpartition(".")[2]
    shapes = [_stored_shape(layout, shape)]
    if layer in MATRICES and parameter == "kernel":
        stored, inputs = shapes[0], int(np.prod(shape[:-1]))
        matrix = (shape[-1], inputs) if layout.leading else (inputs, shape[-1])
        return StoredAs((layer, parameter), (matrix,), lambda x: layout.to_ours(x.reshape(stored)))
    if not ours.endswith(FIRST_KERNEL) or shape[-2] == RGB:
        return StoredAs((layer, parameter), tuple(shapes), layout.to_ours)
    shapes.append(_stored_shape(layout, (*shape[:-2], RGB, shape[-1])))
    return StoredAs((layer, parameter), tuple(shapes), lambda x: _with_inputs(layout.to_ours(x), shape[-2]))


def _stored_shape(layout: KernelLayout, shape: Shape) -> Shape:
    """Shape in which a layout stores our kernel of `shape`."""
    return layout.from_ours(np.broadcast_to(np.zeros(()), shape)).shape


def _with_inputs(kernel: np.ndarray, in_ch: int) -> np.ndarray:
    """(*k, 3, out_ch) as (*k, in_ch, out_ch), with the same response to channels that are all alike.

    1: the sum over the inputs. More: the three in turn, times 3 / in_ch.
    """
    has = kernel.shape[-2]
    if has == in_ch:
        return kernel
    if in_ch == 1:
        return kernel.sum(-2, keepdims=True)
    return kernel[..., np.arange(in_ch) % has, :] * np.asarray(has / in_ch, kernel.dtype)


def flat_state(model: Any) -> dict[str, Any]:
    """A network's parameters and statistics by their paths, with dots: "conv6.conv.kernel"."""
    return {".".join(map(str, path)): variable for path, variable in _flat(model)}


def update(model: Any, arrays: Mapping[str, Any]) -> None:
    """Set the variables named, in the dtypes that they have."""
    from flax import nnx

    pairs = [(path, x, arrays[name]) for path, x in _flat(model) if (name := ".".join(map(str, path))) in arrays]
    new = [(path, variable.replace(jnp.array(array, variable.dtype))) for path, variable, array in pairs]
    nnx.update(model, nnx.from_flat_state(new))


def is_abstract(variable: Any) -> bool:
    """Whether there is a shape only, as `nnx.eval_shape` gives."""
    return isinstance(variable.get_value(), jax.ShapeDtypeStruct)


def _flat(model: Any) -> list[tuple[tuple[Any, ...], Any]]:
    from flax import nnx  # whoever has a network has it; layers and files do without

    return list(nnx.to_flat_state(nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))))
