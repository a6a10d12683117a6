"""The contenders, a row each: this package and its peers, each in the layout that it prefers."""

import functools
import os
from functools import partial
from importlib.util import find_spec
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jtconv._compute.lax import channels_last, flip_and_swap, lax_transpose
from jtconv._conv_transpose import METHODS, conv_transpose
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import Arrays, Build, Function, Layout, NotRun, Program, compiled
from jtconv.bench._torch_contender import torch

MAX_MATRIX_ENTRIES = 2**23  # more take many seconds to place, and a gigabyte


def contenders(methods: bool) -> dict[str, Build]:
    """The contenders that are installed, by name, this package first; with `methods`, each of its methods too."""
    own_methods = {f"jtconv {name}": partial(own_method, name) for name in METHODS[1:]} if methods else {}
    peers = {name: build for name, (module, build) in CONTENDERS.items() if find_spec(module)}
    return {"jtconv": own, **own_methods, **peers}


def own(layer: NetworkLayer, arrays: Arrays, part: str) -> Program:
    """This package with its defaults."""
    return compiled(own_function(layer, "auto"), arrays, part)


def own_method(method: str, layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """One of this package's methods: forward only, as the gradients do not depend on the method."""
    if part != "forward":
        return None
    if method == "matrix" and layer.flops > 2 * layer.batch * MAX_MATRIX_ENTRIES:
        raise NotRun(f"its matrix would have more than {MAX_MATRIX_ENTRIES:.2g} entries")
    return compiled(own_function(layer, method), arrays, part)


def own_function(layer: NetworkLayer, method: str) -> Function:
    """This package by one method, as a function of y and the kernel."""
    return partial(conv_transpose, strides=layer.strides, method=method, **layer.arguments)


def lax_flipped(layer: NetworkLayer, arrays: Arrays, part: str) -> Program:
    """`lax.conv_transpose`, or `lax.conv_general_dilated` where there are groups; differentiated by JAX."""
    return compiled(lax_function(layer), arrays, part)


def lax_function(layer: NetworkLayer) -> Function:
    """lax's own functions alone, as a function of y and the kernel."""
    return lambda y, kernel: lax_transpose(y, kernel, layer.spec, None)


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
    return compiled(f, arrays._replace(kernel=swap(arrays.kernel)), part, Layout(kernel=swap))


def _flip_and_swap(kernel: np.ndarray, groups: int) -> np.ndarray:
    """Its own inverse."""
    return np.asarray(flip_and_swap(jnp.asarray(kernel), groups))


def _dilated_pads(spec: ConvSpec) -> list[Pads]:
    """The padding of y, spaced by s - 1 zeros, as pairs: what lax and flax take."""
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

    return compiled(f, arrays, part)


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
    return compiled(f, Arrays(y, np.moveaxis(swap(arrays.kernel), last, first), g), part, layout)


def keras(layer: NetworkLayer, arrays: Arrays, part: str) -> Program | None:
    """`keras.ops.conv_transpose` on JAX, which knows "valid" and "same" but no numbers."""
    os.environ.setdefault("KERAS_BACKEND", "jax")  # read when keras is first imported
    import keras as peer  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    if peer.backend.backend() != "jax":
        raise NotRun(f"keras runs on {peer.backend.backend()}: set KERAS_BACKEND=jax")
    arguments = _keras_arguments(layer)
    return None if arguments is None else compiled(_keras_function(layer, **arguments), arrays, part)


@functools.cache
def _keras_arguments(layer: NetworkLayer) -> dict[str, Any] | None:
    """Keras' arguments for this layer; None if no named padding gives it."""
    if layer.groups > 1:
        return None
    spec = layer.spec
    given = [jax.ShapeDtypeStruct(shape, np.float32) for shape in (layer.y_shape, layer.kernel_shape)]
    common: dict[str, Any] = {"strides": spec.strides, "dilation": spec.dilation}
    for padding, output_padding in product(("same", "valid"), (None, *range(layer.strides))):
        arguments = {"padding": padding, "output_padding": output_padding}
        shape = jax.eval_shape(_keras_function(layer, **arguments), *given).shape
        named = ConvGeometry(spec.kernel_size, **common, padding=padding.upper()).pads(spec.input_size)
        if shape == layer.x_shape and [lo for lo, _ in named] == [lo for lo, _ in spec.pads]:
            return arguments
    return None


def _keras_function(layer: NetworkLayer, **arguments: Any) -> Function:
    import keras as peer  # pyright: ignore[reportMissingImports] (a peer, which may be absent)

    return partial(
        peer.ops.conv_transpose, strides=layer.strides, dilation_rate=layer.spec.dilation,
        data_format="channels_last", **arguments,
    )  # fmt: skip


# Contender: the module that must be installed, and how its program is built.
CONTENDERS: dict[str, tuple[str, Build]] = {
    "lax": ("jax", lax_flipped),
    "lax unflipped": ("jax", lax_unflipped),
    "flax": ("flax", flax),
    "equinox": ("equinox", equinox),
    "keras": ("keras", keras),
    "torch": ("torch", partial(torch, False)),
    "torch channels last": ("torch", partial(torch, True)),
}
