"""A network layer by layer, as Keras prints one: name, kind, output shape, parameters."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
from flax import nnx

from jtconv._geometry import arguments as arg


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
        head = ("layer", "kind", "output shape", "parameters")
        body = [(x.name, x.kind, _shape(x.output_shape), f"{x.parameters:,}") for x in self.layers]
        total = ("total", "", "", f"{self.parameters:,}")
        widths = [max(map(len, column)) for column in zip(head, *body, total, strict=True)]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [_line(row, widths) for row in (head, *body, total)]
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


def _layers(model: nnx.Module, input_shape: tuple[int, ...]) -> list[Layer]:
    """The calls of the modules that hold no others, in the order in which they happen."""
    layers = []

    def run(model: nnx.Module, x: jax.Array) -> None:
        # Under nnx.remat modules are copies, which could not be told. This one is a copy itself.
        model.set_attributes(remat=False, raise_if_not_found=False)
        # Flax sorts a module's attributes by name when it takes it apart, so their order is lost:
        # only the calls tell which layer comes first.
        leaves = {id(module): (path, module) for path, module in _leaves(model)}

        def note(module: nnx.Module, output: jax.Array) -> None:
            if id(module) in leaves:
                path, module = leaves[id(module)]
                name = ".".join(map(str, path))
                layers.append(Layer(name, _kind(module), output.shape, _count(module)))

        with _noting_calls({type(module) for _, module in leaves.values()}, note):
            model(x)  # pyright: ignore[reportCallIssue] (modules are called)

    nnx.eval_shape(run, model, jax.ShapeDtypeStruct(input_shape, jnp.float32))
    return layers


@contextmanager
def _noting_calls(classes: Iterable[type[nnx.Module]], note: Callable[[nnx.Module, Any], None]) -> Iterator[None]:
    """Within the block, `note(module, output)` follows every call of a module of `classes`."""

    def noting(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def wrapper(module: nnx.Module, *args: Any, **kwargs: Any) -> Any:
            output = call(module, *args, **kwargs)
            note(module, output)
            return output

        return wrapper

    with ExitStack() as stack:
        for cls in classes:
            stack.enter_context(mock.patch.object(cls, "__call__", noting(cls.__call__)))
        yield


def _leaves(model: nnx.Module) -> list[tuple[tuple[Any, ...], nnx.Module]]:
    """Submodules that hold no others, with their paths."""
    modules = list(nnx.iter_modules(model))
    parents = {path[:-1] for path, _ in modules if path}
    return [(path, module) for path, module in modules if path not in parents]


def _kind(module: nnx.Module) -> str:
    """The class, and for convolutions the kernel size and the strides that are not 1."""
    name = type(module).__name__
    geometry = getattr(module, "geometry", None)
    if geometry is None:
        return name
    strides = "" if set(geometry.strides) == {1} else f", strides {_times(geometry.strides)}"
    return f"{name} {_times(geometry.kernel_size)}{strides}"


def _count(module: nnx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))


def _times(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))


def _shape(sizes: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, sizes)) + ")"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Text to the left, the number in the last column to the right."""
    *text, number = row
    padded = [f"{cell:<{width}}" for cell, width in zip(text, widths, strict=False)]
    return "  ".join([*padded, f"{number:>{widths[-1]}}"])
