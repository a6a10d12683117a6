"""flax.linen.ConvTranspose and flax.nnx.ConvTranspose, by turns."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

from jtconv.compat import flax as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer

MISTAKES: tuple[dict[str, Any], ...] = (
    {"strides": (1, 2, 3, 4, 5), "padding": "SAME"},
    {"strides": 0},
    {"padding": (1, 2, 3, 4)},
    {"padding": 1.5},
    {"padding": "CAUSAL"},
    {"padding": "REFLECT"},
    {"padding": "circular"},
    {"kernel_dilation": (1, 1, 1, 1, 1)},
    {"kernel_dilation": 0},
    {"mask": np.ones((2, 1))},
    {"precision": "often"},
    {"dtype": "int32"},
    {"preferred_element_type": "float16"},
)


def _grid() -> Iterator[Configuration]:
    """One axis, circular: every kernel and stride, for sizes that are wrapped once and several times."""
    for k, s, d, o, t in itertools.product((1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5), (1, 2), (1, 2, 4), (False, True)):
        arguments = {"strides": s, "kernel_dilation": d, "padding": "CIRCULAR", "transpose_kernel": t}
        by = "linen" if s % 2 else "nnx"
        yield _configuration(Layer((o,), (k,), (s,), (d,)), arguments, (2,), ("float64", "float64"), by)


def _draw(draw: Draw) -> Configuration:
    dtype = _dtype(draw)
    strides, dilation = (draw.one([None, draw.one_or_each(1, most)]) for most in (4, 3))
    layer = draw.layer(strides=strides, dilation=dilation)
    mixed = [p if draw.chance(0.5) else pair for p, pair in zip(draw.each(0, 4), draw.pairs(0, 4), strict=True)]
    arguments: dict[str, Any] = {
        "strides": strides,
        "padding": draw.one(["SAME", "SAME", "VALID", "CIRCULAR", "CIRCULAR", draw.integer(0, 4), mixed]),
        "kernel_dilation": dilation,
        "transpose_kernel": draw.chance(0.5),
        "precision": draw.one([None, "highest"]),
    }
    if draw.chance(0.05):
        arguments["padding"] = draw.one(["same", "SAME_LOWER", "valid"])
    if draw.chance(0.3):
        arguments["mask"] = draw.rng.integers(0, 2, _kernel_shape(layer, arguments))
    if draw.chance(0.2):
        arguments["dtype"] = draw.one(["float32", "bfloat16", "complex64"])
    if draw.chance(0.2):
        arguments["preferred_element_type"] = draw.one(["float64", "float32"])
    batch = draw.one([(), (2,), (2,), (2, 3), (1, 2, 2)])
    dtypes = [draw.one([dtype, "float32"]), dtype]
    if draw.chance(0.1):
        dtypes[0] = "int32"
    dtypes += [draw.one([dtype, "float32"])] * draw.chance(0.5)
    return _configuration(layer, arguments, batch, tuple(dtypes), draw.one(("linen", "nnx")))


def _dtype(draw: Draw) -> str:
    return draw.one(("float32", "bfloat16", "float16", "complex64", "complex128")) if draw.chance(0.3) else "float64"


def _kernel_shape(layer: Layer, arguments: dict[str, Any]) -> tuple[int, ...]:
    taps = (layer.x_ch, layer.y_ch) if arguments["transpose_kernel"] else (layer.y_ch, layer.x_ch)
    return (*layer.kernel_size, *taps)


def _configuration(
    layer: Layer, arguments: dict[str, Any], batch: tuple[int, ...], dtypes: tuple[str, ...], by: str
) -> Configuration:
    """With a bias if there are three dtypes."""
    shapes = ((*batch, *layer.y_size, layer.y_ch), _kernel_shape(layer, arguments), (layer.x_ch,))[: len(dtypes)]
    computed = str(arguments.get("dtype") or jnp.result_type(*dtypes))
    return Configuration(
        "conv_transpose",
        replace(layer, batch=int(np.prod(batch))),
        shapes,
        arguments,
        dtypes,
        private={"by": by},
        computed=computed,
    )


def _theirs(configuration: Configuration) -> Callable[..., Any]:
    return (_linen if configuration.private["by"] == "linen" else _nnx)(configuration)


def _fields(configuration: Configuration) -> tuple[dict[str, Any], tuple[int, ...], int]:
    """Fields of either module, the kernel's size and the output channels."""
    kernel, transposed = configuration.shapes[1], configuration.arguments["transpose_kernel"]
    fields = {**configuration.arguments, "use_bias": len(configuration.shapes) == 3, "param_dtype": jnp.float64}
    return fields, kernel[:-2], kernel[-2 if transposed else -1]


def _linen(configuration: Configuration) -> Callable[..., Any]:
    fields, kernel_size, features = _fields(configuration)
    module = linen.ConvTranspose(features, kernel_size, **fields)

    def apply(inputs: Any, kernel: Any, bias: Any = None) -> Any:
        parameters = {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}
        return module.apply({"params": parameters}, inputs)

    return apply


def _nnx(configuration: Configuration) -> Callable[..., Any]:
    fields, kernel_size, features = _fields(configuration)
    strides, in_features = fields.pop("strides"), configuration.shapes[0][-1]

    def apply(inputs: Any, kernel: Any, bias: Any = None) -> Any:
        module = nnx.ConvTranspose(in_features, features, kernel_size, strides, **fields, rngs=nnx.Rngs(0))
        if module.kernel.shape != kernel.shape:
            raise ValueError(f"this module's kernel is {module.kernel.shape}")
        module.kernel = nnx.Param(kernel)
        module.bias = nnx.data(None) if bias is None else nnx.Param(bias)
        return module(inputs)

    return apply


PEER = Peer(
    name="flax",
    packages=("flax", "jax"),
    adapter=adapter,
    draw=_draw,
    draws=1_900,
    mistakes=lambda layer: MISTAKES,
    theirs=_theirs,
    grid=_grid,
    more=lambda good: misshapen(good, dtypes=()),
)
