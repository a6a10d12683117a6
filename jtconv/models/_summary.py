"""A network layer by layer, as Keras prints one: name, kind, output shape, parameters."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from jtconv._geometry import arguments as arg
from jtconv._geometry.words import by


class Layer(NamedTuple):
    """One row of a `Summary`."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


class Summary(NamedTuple):
    """The layers in the order in which they are called, and the sum of their parameters."""

    layers: list[Layer]
    parameters: int

    def __str__(self) -> str:
        rows = [("layer", "kind", "output shape", "parameters")]
        for x in self.layers:
            rows.append((x.name, x.kind, f"({', '.join(map(str, x.output_shape))})", f"{x.parameters:,}"))
        rows.append(("total", "", "", f"{self.parameters:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        columns = list(zip("<<<>", widths, strict=True))  # text to the left, the number to the right
        lines = ["  ".join(f"{x:{side}{n}}" for x, (side, n) in zip(row, columns, strict=True)) for row in rows]
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def summary(model: nnx.Module, input_shape: Sequence[int]) -> Summary:
    """The layers of `model` and what each gives for an input of `input_shape` (with batch axes).

    Nothing is computed: shapes come from abstract evaluation, so the model may be abstract too.

    Raises TypeError for a `model` that is no module that can be called, TypeError or ValueError for an
    `input_shape` that is no shape, and what the model raises for such an input.

    >>> from flax import nnx
    >>> from jtconv.models import FCN8, summary
    >>> model = nnx.eval_shape(lambda: FCN8.article(12, rngs=nnx.Rngs(0)))
    >>> table = summary(model, (1, 224, 224, 3))
    >>> table.parameters
    135067736
    >>> table.layers[0]
    Layer(name='encoder.stages.0.convs.0.conv', kind='Conv 3×3', ...)
    """
    if not isinstance(model, nnx.Module) or not callable(model):
        raise TypeError(f"`model` must be an NNX module that can be called, got {type(model).__name__}.")
    return Summary(_layers(model, arg.shape("input_shape", input_shape)), _count(model))


class _Recorded(nnx.Module):
    """A layer that tells `record` of each output; for all else it is the layer itself."""

    def __init__(self, layer: nnx.Module, record: Callable[[Any], None]):
        self.layer, self.record = layer, record

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        output = self.layer(*args, **kwargs)  # pyright: ignore[reportCallIssue] (layers are called)
        self.record(output)
        return output

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self).get("layer"), name)  # None has none: while Flax rebuilds it, there is no layer


def _layers(model: nnx.Module, input_shape: tuple[int, ...]) -> list[Layer]:
    """The calls of the modules that hold no others, in the order in which they happen.

    Flax sorts a module's attributes by name when it takes it apart, so only the calls tell which
    layer comes first. They are made on a copy of the model, whose layers record them.
    """
    layers: list[Layer] = []
    parents = {path[:n] for path, _ in nnx.iter_modules(model) for n in range(len(path))}
    tuples = {path for path, node in nnx.iter_graph(model) if type(node) is tuple}

    def recorded(path: tuple[Any, ...], node: Any) -> Any:
        if path in parents or not isinstance(node, nnx.Module) or not callable(node):
            return node
        name, kind, parameters = ".".join(map(str, path)), _kind(node), _count(node)
        return _Recorded(node, lambda output: layers.append(Layer(name, kind, output.shape, parameters)))

    def replace(path: tuple[Any, ...], node: Any) -> Any:
        if path in tuples:  # whose entries cannot be replaced one by one
            return tuple(recorded((*path, i), entry) for i, entry in enumerate(node))
        return node if path[:-1] in tuples else recorded(path, node)

    def run(model: nnx.Module, x: jax.Array) -> None:
        nnx.recursive_map(replace, model)(x)

    nnx.eval_shape(run, model, jax.ShapeDtypeStruct(input_shape, jnp.float32))
    return layers


def _kind(module: nnx.Module) -> str:
    """The class, and for convolutions the kernel size and the strides that are not 1."""
    name = type(module).__name__
    geometry = getattr(module, "geometry", None)
    if geometry is None:
        return name
    strides = "" if set(geometry.strides) == {1} else f", strides {by(geometry.strides)}"
    return f"{name} {by(geometry.kernel_size)}{strides}"


def _count(module: nnx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))
