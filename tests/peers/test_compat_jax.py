"""`jtconv.compat.lax`, `.flax`, `.equinox` and `.haiku` against what they stand for.

A tenth of the numbered layers, spread evenly; with `--thorough` all of them.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

import equinox as eqx
import haiku as hk
import jax
import pytest
from agreement import assert_agree
from flax import linen, nnx
from hypothesis import settings
from jax_layers import Drawn, equinox_layer, flax_layer, haiku_layer, lax_layer

from jtconv.compat import equinox, flax, haiku, lax

THOROUGH = settings().max_examples >= 10_000

# Where a peer takes what its adapter refuses: a pattern of the adapter's message, and why.
DIFFERENCES = {
    "leaves no output": "peers return an array with an empty axis",
    "crops all": "peers crop all of the input, and return the zeros that pad the other side",
    "pairs, one per spatial axis": "lax ignores padding of axes that are not there, with `use_consistent_padding`",
}


def numbers(total: int) -> range:
    return range(0, total, 1 if THOROUGH else 10)


def refusal(f: Callable[..., Any], arrays: Any) -> Exception | None:
    """What `f` raises while it is traced."""
    try:
        jax.eval_shape(f, *arrays)
    except Exception as error:  # peers raise what they like
        return error
    return None


def compare(ours: Callable[..., Any], theirs: Callable[..., Any], layer: Drawn, *, gradients: bool = False) -> None:
    """Same numbers, or both refuse, or the one difference stands in the table."""
    own, other = refusal(ours, layer.arrays), refusal(theirs, layer.arrays)
    if own is not None:
        assert isinstance(own, TypeError | ValueError), repr(own)
        assert other is not None or re.search("|".join(DIFFERENCES), str(own)), f"{own} {layer.arguments}"
        return
    assert other is None, f"{other} {layer.arguments}"
    assert_agree(ours, theirs, layer.arrays, gradients=gradients, terms=layer.terms)


@pytest.mark.parametrize("number", numbers(2_400))
def test_lax(number):
    layer = lax_layer(number)
    ours = functools.partial(lax.conv_transpose, **layer.arguments)
    theirs = functools.partial(jax.lax.conv_transpose, **layer.arguments)
    compare(ours, theirs, layer, gradients=True)


@pytest.mark.parametrize("number", numbers(2_400))
def test_flax(number):
    """Every second layer by Linen, the others by NNX."""
    layer = flax_layer(number)
    theirs = (by_linen if number // (1 if THOROUGH else 10) % 2 else by_nnx)(layer)
    compare(functools.partial(flax.conv_transpose, **layer.arguments), theirs, layer)


def by_linen(layer: Drawn) -> Callable[..., Any]:
    fields, kernel_size, features = module_fields(layer)
    module = linen.ConvTranspose(features, kernel_size, **fields)

    def apply(inputs: Any, kernel: Any, bias: Any = None) -> Any:
        parameters = {"kernel": kernel} if bias is None else {"kernel": kernel, "bias": bias}
        return module.apply({"params": parameters}, inputs)

    return apply


def by_nnx(layer: Drawn) -> Callable[..., Any]:
    fields, kernel_size, features = module_fields(layer)
    strides = fields.pop("strides", None)
    in_features = layer.arrays[0].shape[-1]

    def apply(inputs: Any, kernel: Any, bias: Any = None) -> Any:
        module = nnx.ConvTranspose(in_features, features, kernel_size, strides, **fields, rngs=nnx.Rngs(0))
        if module.kernel.shape != kernel.shape:
            raise ValueError(f"kernel of shape {kernel.shape}, module wants {module.kernel.shape}")
        module.kernel[...] = kernel
        if bias is not None:
            module.bias[...] = bias
        return module(inputs)

    return apply


def module_fields(layer: Drawn) -> tuple[dict[str, Any], tuple[int, ...], int]:
    """Fields of both modules, the kernel's size and the output channels."""
    _, kernel, *bias = layer.arrays
    transposed = layer.arguments["transpose_kernel"]
    return (
        {**layer.arguments, "use_bias": bool(bias), "param_dtype": kernel.dtype},
        kernel.shape[:-2],
        kernel.shape[-2 if transposed else -1],
    )


@pytest.mark.parametrize("number", numbers(800))
def test_equinox(number):
    layer = equinox_layer(number)

    def theirs(x: Any, weight: Any, bias: Any = None) -> Any:
        groups, ndim = layer.arguments["groups"], weight.ndim - 2
        module = eqx.nn.ConvTranspose(
            ndim,
            weight.shape[1] * groups,
            weight.shape[0],
            weight.shape[2:],
            use_bias=bias is not None,
            dtype=weight.dtype,
            key=jax.random.key(0),
            **layer.arguments,
        )
        return eqx.tree_at(lambda m: (m.weight, m.bias), module, (weight, bias), is_leaf=lambda a: a is None)(x)

    compare(functools.partial(equinox.conv_transpose, **layer.arguments), theirs, layer)


@pytest.mark.parametrize("number", numbers(800))
def test_haiku(number):
    layer = haiku_layer(number)
    fields = dict(layer.arguments)
    precision = fields.pop("precision")

    def theirs(inputs: Any, w: Any, b: Any = None) -> Any:
        def forward(inputs: Any) -> Any:
            module = hk.ConvNDTranspose(
                w.ndim - 2, w.shape[-2], w.shape[:-2], with_bias=b is not None, name="layer", **fields
            )
            return module(inputs, precision=precision)

        parameters = {"w": w} if b is None else {"w": w, "b": b}
        return hk.without_apply_rng(hk.transform(forward)).apply({"layer": parameters}, inputs)

    compare(functools.partial(haiku.conv_transpose, **layer.arguments), theirs, layer)
