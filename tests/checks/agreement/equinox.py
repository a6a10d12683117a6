"""equinox.nn.ConvTranspose."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jtconv.compat import equinox as adapter
from tests.checks.agreement.compared import Peer
from tests.checks.agreement.configurations import Configuration
from tests.checks.agreement.draws import Draw, repeated
from tests.checks.agreement.programs import Program, program_of

DRAWS = 900

MISTAKES: tuple[dict[str, Any], ...] = (
    {"stride": 0},
    {"stride": (1, 1, 1, 1)},
    {"padding": "CAUSAL"},
    {"padding": (1, 1, 1, 1)},
    {"output_padding": 4},
    {"output_padding": (0, 0, 0, 0)},
    {"dilation": (1, 1, 1, 1)},
    {"groups": 7},
    {"padding_mode": "REFLECT"},
    {"padding_mode": "replicate"},
    {"padding_mode": "MIRROR"},
    {"padding_mode": "CIRCULAR", "padding": "VALID"},
    {"padding_mode": "CIRCULAR", "padding": "SAME", "output_padding": -1},
)


def configurations() -> list[Configuration]:
    known = itertools.chain(map(_draw, range(DRAWS)), _refused())
    return [replace(c, seed=i) for i, c in enumerate(known)]


def _draw(number: int) -> Configuration:
    draw = Draw(number)
    layer = draw.layer(groups=(1, 1, 2, 3))
    circular = draw.chance(0.3)
    numbers = [draw.one_or_each(0, 3), draw.pairs(0, 3), draw.pairs(-1, 3)]
    arguments = {
        "stride": draw.one_or_each(1, 4),
        "padding": draw.one(["SAME", "SAME_LOWER"] if circular else ["SAME", "same_lower", "VALID", *numbers]),
        "output_padding": 0 if circular else draw.one([0, draw.each(0, 1), draw.each(-1, 3)]),
        "dilation": draw.one_or_each(1, 3),
        "groups": layer.groups,
        "padding_mode": draw.one(["CIRCULAR", "circular"] if circular else ["ZEROS", "zeros"]),
    }
    layer = replace(
        layer,
        strides=repeated(arguments["stride"], draw.ndim),
        dilation=repeated(arguments["dilation"], draw.ndim),
        batch=1,
    )
    dtype = "float64" if draw.chance(0.7) or arguments["padding"] == numbers[2] else draw.one(("float32", "complex128"))
    shapes = ((layer.y_ch, *layer.y_size), (layer.x_ch, layer.y_per_group, *layer.kernel_size))
    bias = ((layer.x_ch, *(1,) * layer.ndim),) * draw.chance(0.5)
    rule = arguments["padding"].upper() if isinstance(arguments["padding"], str) else "padding"
    features = layer.features | {dtype, rule} | ({"circular"} if circular else set()) | ({"bias"} if bias else set())
    features |= {"output_padding"} if arguments["output_padding"] else set()
    return Configuration("conv_transpose", layer, (*shapes, *bias), arguments, (dtype,), frozenset(features))


def _refused() -> Iterator[Configuration]:
    """One thing wrong in each."""
    for number, mistake in itertools.product(range(3), MISTAKES):
        good = _draw(10_000 + number)
        yield replace(good, arguments=good.arguments | mistake)
    for good in map(_draw, range(20_000, 20_010)):
        image, kernel, *_ = good.shapes
        yield replace(good, shapes=((image[0] + 1, *image[1:]), kernel))
        yield replace(good, shapes=((1, *image), kernel))
        yield replace(good, shapes=(image, kernel), dtypes=("float64", "float32"))
        yield replace(good, shapes=(image, kernel), dtypes=("int32",))


def _function(configuration: Configuration) -> Callable[..., Any]:
    def apply(x: Any, weight: Any, bias: Any = None) -> Any:
        module = eqx.nn.ConvTranspose(
            weight.ndim - 2,
            x.shape[0],
            weight.shape[0],
            weight.shape[2:],
            use_bias=bias is not None,
            dtype=weight.dtype if jnp.issubdtype(weight.dtype, jnp.inexact) else None,
            key=jax.random.key(0),
            **configuration.arguments,
        )
        leaves = lambda m: (m.weight, m.bias)  # noqa: E731 (as equinox writes it)
        return eqx.tree_at(leaves, module, (weight, bias), is_leaf=lambda leaf: leaf is None)(x)

    return apply


def theirs(configuration: Configuration) -> Program:
    return program_of(_function(configuration))


PEER = Peer("equinox", ("equinox", "jax"), adapter, configurations, theirs)
