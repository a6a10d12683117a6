"""equinox.nn.ConvTranspose."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from jtconv.compat import equinox as adapter
from tests.checks.agreement.configurations import Configuration
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer

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


def _draw(draw: Draw) -> Configuration:
    circular = draw.chance(0.3)
    numbers = [draw.one_or_each(0, 3), draw.pairs(0, 3), draw.pairs(-1, 3)]
    strides, dilation = draw.one_or_each(1, 4), draw.one_or_each(1, 3)
    layer = replace(draw.layer(groups=(1, 1, 2, 3), strides=strides, dilation=dilation), batch=1)
    arguments = {
        "stride": strides,
        "padding": draw.one(["SAME", "SAME_LOWER"] if circular else ["SAME", "same_lower", "VALID", *numbers]),
        "output_padding": 0 if circular else draw.one([0, draw.each(0, 1), draw.each(-1, 3)]),
        "dilation": dilation,
        "groups": layer.groups,
        "padding_mode": draw.one(["CIRCULAR", "circular"] if circular else ["ZEROS", "zeros"]),
    }
    dtype = "float64" if draw.chance(0.7) or arguments["padding"] == numbers[2] else draw.one(("float32", "complex128"))
    shapes = ((layer.y_ch, *layer.y_size), (layer.x_ch, layer.y_per_group, *layer.kernel_size))
    bias = ((layer.x_ch, *(1,) * layer.ndim),) * draw.chance(0.5)
    return Configuration("conv_transpose", layer, (*shapes, *bias), arguments, (dtype,))


def _theirs(configuration: Configuration) -> Callable[..., Any]:
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


PEER = Peer(
    name="equinox",
    packages=("equinox", "jax"),
    adapter=adapter,
    draw=_draw,
    draws=900,
    mistakes=lambda layer: MISTAKES,
    theirs=_theirs,
    more=misshapen,
)
