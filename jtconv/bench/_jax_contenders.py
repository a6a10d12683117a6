"""The contenders that are programs of JAX: this package's methods, lax, Flax, Equinox and Keras."""

import functools
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jtconv._compute import BY_NAME
from jtconv._compute.lax import flip_and_swap
from jtconv._compute.lax_conv import channels_last
from jtconv._conv_transpose import conv_transpose
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import Arrays, Layout, NotRun, Program

_MOST_ENTRIES = 2**23  # of a matrix: more take many seconds to place, and a gigabyte

Function = Callable[[Array, Array], Array]  # y and a kernel -> x


def own(layer: NetworkLayer, arrays: Arrays, part: str) -> Program:
    """This package, as it is called without further wishes."""
    return _compiled(_conv_transpose(layer, "auto"), arrays, part)


def own_method(method: str, layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """One of this package's methods: forward only, as the gradients do not depend on it."""
    if part != "forward":
        return None
    if method == "matrix" and layer.flops > 2 * layer.batch * _MOST_ENTRIES:
        raise NotRun(f"its matrix would have more than {_MOST_ENTRIES:.2g} entries")
    return _compiled(_conv_transpose(layer, method), arrays, part)


def _conv_transpose(layer: NetworkLayer, method: str) -> Function:
    return partial(conv_transpose, strides=layer.strides, method=method, **layer.arguments)


def lax_flipped(layer: NetworkLayer, arrays: Arrays, part: str) -> Program:
    """`lax.conv_transpose`, or `lax.conv_general_dilated` where there are groups; differentiated by JAX."""
    return _compiled(lambda y, kernel: BY_NAME["lax"](y, kernel, layer.spec, None), arrays, part)


def lax_unflipped(layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """`lax.conv_transpose` with its default kernel, which is given flipped and with its channels swapped."""
    if layer.groups > 1:
        return None
    spec = layer.spec

    def f(y: Array, kernel: Array) -> Array:
        numbers = channels_last(spec.ndim)
        return lax.conv_transpose(
            y, kernel, spec.strides, _dilated_pads(spec), rhs_dilation=spec.dilation, dimension_numbers=numbers
        )

    swap = partial(_flip_and_swap, groups=1)
    return _compiled(f, arrays._replace(kernel=swap(arrays.kernel)), part, Layout(kernel=swap))


def _flip_and_swap(kernel: np.ndarray, groups: int) -> np.ndarray:
    """Twice is the kernel again."""
    return np.asarray(flip_and_swap(jnp.asarray(kernel), groups))


def _dilated_pads(spec: ConvSpec) -> list[Pads]:
    """The padding that lax and flax are given as pairs: around y once s - 1 zeros stand between its values."""
    axes = zip(spec.effective_kernel_size, spec.pads, spec.input_size, spec.strides, spec.output_size, strict=True)
    return [(k - 1 - lo, i + lo - s * (o - 1) - 1) for k, (lo, _), i, s, o in axes]


def flax(layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """`nnx.ConvTranspose` with transpose_kernel=True."""
    from flax import nnx

    if layer.groups > 1:
        return None
    spec = layer.spec
    types: dict[str, Any] = {"dtype": arrays.y.dtype, "param_dtype": arrays.y.dtype}
    module = nnx.ConvTranspose(
        layer.y_ch, layer.x_ch, spec.kernel_size, spec.strides, padding=_dilated_pads(spec),
        kernel_dilation=spec.dilation, use_bias=False, transpose_kernel=True, **types, rngs=nnx.Rngs(0),
    )  # fmt: skip
    graph, state = nnx.split(module)

    def f(y: Array, kernel: Array) -> Array:
        return nnx.merge(graph, jax.tree.map(lambda _: kernel, state))(y)

    return _compiled(f, arrays, part)


def equinox(layer: NetworkLayer, arrays: Arrays, part: str) -> Program:
    """`eqx.nn.ConvTranspose`, channels first, vmapped over the batch."""
    import equinox as eqx  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    spec, ndim = layer.spec, layer.spec.ndim
    module = eqx.nn.ConvTranspose(
        ndim, layer.y_ch, layer.x_ch, spec.kernel_size, spec.strides, padding=[lo for lo, _ in spec.pads],
        output_padding=layer.arguments.get("output_padding", 0), dilation=spec.dilation, groups=layer.groups,
        use_bias=False, dtype=arrays.y.dtype, key=jax.random.key(0),
    )  # fmt: skip

    def f(y: Array, weight: Array) -> Array:
        return jax.vmap(eqx.tree_at(lambda m: m.weight, module, weight))(y)

    swap, first, last = partial(_flip_and_swap, groups=layer.groups), (0, 1), (-1, -2)
    layout = Layout(lambda a: np.moveaxis(a, 1, -1), lambda weight: swap(np.moveaxis(weight, first, last)))
    y, g = (np.moveaxis(a, -1, 1) for a in (arrays.y, arrays.g))
    return _compiled(f, Arrays(y, np.moveaxis(swap(arrays.kernel), last, first), g), part, layout)


def keras(layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """`keras.ops.conv_transpose` on JAX, which knows "valid" and "same" but no numbers."""
    os.environ.setdefault("KERAS_BACKEND", "jax")  # read when keras is first imported
    import keras as peer  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    if peer.backend.backend() != "jax":
        raise NotRun(f"keras runs on {peer.backend.backend()}: set KERAS_BACKEND=jax")
    arguments = _keras_arguments(layer)
    return None if arguments is None else _compiled(_keras_function(layer, **arguments), arrays, part)


@functools.cache
def _keras_arguments(layer: NetworkLayer) -> dict[str, Any] | None:
    """The padding that makes this layer, if there is one."""
    if layer.groups > 1:
        return None
    given = [jax.ShapeDtypeStruct(shape, np.float32) for shape in (layer.y_shape, layer.kernel_shape)]
    wanted = [lo for lo, _ in layer.spec.pads]
    for padding, output_padding in product(("same", "valid"), (None, *range(layer.strides))):
        arguments = {"padding": padding, "output_padding": output_padding}
        shape = jax.eval_shape(_keras_function(layer, **arguments), *given).shape
        if shape == layer.x_shape and [lo for lo, _ in _named_pads(layer, padding)] == wanted:
            return arguments
    return None


def _named_pads(layer: NetworkLayer, padding: str) -> tuple[Pads, ...]:
    spec = layer.spec
    named: dict[str, Any] = {"padding": padding.upper()}
    return ConvGeometry(spec.kernel_size, strides=spec.strides, dilation=spec.dilation, **named).pads(spec.input_size)


def _keras_function(layer: NetworkLayer, **arguments: Any) -> Function:
    import keras as peer  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    return partial(
        peer.ops.conv_transpose, strides=layer.strides, dilation_rate=layer.spec.dilation,
        data_format="channels_last", **arguments,
    )  # fmt: skip


def _compiled(f: Function, arrays: Arrays, part: str, layout: Layout | None = None) -> Program:
    """One part of the work of `f`, compiled for these arrays."""
    given = tuple(map(jnp.asarray, arrays))
    operands = given[:2] if part == "forward" else given
    lowered = jax.jit(_function(f, part)).lower(*operands)
    start = time.perf_counter()
    compiled = lowered.compile()
    seconds = time.perf_counter() - start

    def results() -> list[np.ndarray]:
        outputs = [np.asarray(output).astype(np.float64) for output in compiled(*operands)]
        return (layout or Layout()).undo(part, outputs)

    memory = compiled.memory_analysis()
    return Program(
        run=lambda: jax.block_until_ready(compiled(*operands)),
        results=results,
        compile_seconds=seconds,
        temporary_bytes=None if memory is None else memory.temp_size_in_bytes,
    )


def _function(f: Function, part: str) -> Callable[..., tuple[Array, ...]]:
    """What a part computes of y, the kernel and g."""

    def both(y: Array, kernel: Array, g: Array) -> tuple[Array, ...]:
        x, pullback = jax.vjp(f, y, kernel)
        return (x, *pullback(g))

    def kernel_gradient(y: Array, kernel: Array, g: Array) -> tuple[Array, ...]:
        return jax.vjp(partial(f, y), kernel)[1](g)

    return {"forward": lambda y, kernel: (f(y, kernel),), "both": both, "kernel_gradient": kernel_gradient}[part]
