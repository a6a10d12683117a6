"""haiku.ConvNDTranspose."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import haiku as hk
import numpy as np

from jtconv.compat import haiku as adapter
from tests.checks.agreement.configurations import Configuration
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer

FIRST = ("channels_first", "NC...", "NCHW")
FORMATS = ("channels_last", "N...C", "NHWC", "BTHWD", *FIRST)

MISTAKES: tuple[dict[str, Any], ...] = (
    {"padding": "REFLECT"},
    {"padding": 1},
    {"padding": ((1, 1),) * 4},
    {"padding": ((1, 1),), "output_shape": 5},
    {"output_shape": (5, 5, 5, 5)},
    {"stride": 0},
    {"stride": (1, 2, 3, 4)},
    {"mask": np.ones(3)},
    {"data_format": "HWC"},
    {"data_format": "last"},
    {"precision": "often"},
)


def _draw(draw: Draw) -> Configuration:
    strides = draw.each(1, 4)
    layer = draw.layer(strides=strides)
    arguments: dict[str, Any] = {
        "stride": strides if len(set(strides)) > 1 else draw.one([strides, strides[0], strides[:1]]),
        "padding": draw.one(["SAME", "VALID", draw.pairs(0, 4)]),
        "data_format": draw.one(FORMATS),
        "precision": draw.one([None, "highest"]),
    }
    if arguments["padding"] == "SAME" and draw.chance(0.6):
        arguments["output_shape"] = tuple(
            s * o - draw.integer(-1, s - 1) for s, o in zip(strides, layer.y_size, strict=True)
        )
    if arguments["padding"] == "VALID" and draw.chance(0.6):
        axes = zip(strides, layer.y_size, layer.kernel_size, strict=True)
        arguments["output_shape"] = tuple(s * (o - 1) + k + draw.integer(0, s - 1) for s, o, k in axes)
    taps = (*layer.kernel_size, layer.x_ch, layer.y_ch)
    if draw.chance(0.3):
        arguments["mask"] = draw.rng.integers(0, 2, taps).astype(np.int8)
    batch = (layer.batch,) * draw.chance(0.8)
    first = arguments["data_format"] in FIRST
    image = (*batch, layer.y_ch, *layer.y_size) if first else (*batch, *layer.y_size, layer.y_ch)
    bias = ((layer.x_ch, *(1,) * (layer.ndim if first else 0)),) * draw.chance(0.5)
    dtype = "float64" if draw.chance(0.7) else draw.one(("float32", "bfloat16", "complex128"))
    layer = layer if batch else replace(layer, batch=1)
    return Configuration("conv_transpose", layer, (image, taps, *bias), arguments, (dtype,))


def _theirs(configuration: Configuration) -> Callable[..., Any]:
    fields = dict(configuration.arguments)
    precision = fields.pop("precision")

    def apply(inputs: Any, w: Any, b: Any = None) -> Any:
        def forward(inputs: Any) -> Any:
            module = hk.ConvNDTranspose(
                w.ndim - 2, w.shape[-2], w.shape[:-2], with_bias=b is not None, name="layer", **fields
            )
            return module(inputs, precision=precision)

        parameters = {"w": w} if b is None else {"w": w, "b": b}
        return hk.without_apply_rng(hk.transform(forward)).apply({"layer": parameters}, inputs)

    return apply


PEER = Peer(
    name="haiku",
    packages=("dm-haiku", "jax"),
    adapter=adapter,
    draw=_draw,
    draws=800,
    mistakes=lambda layer: MISTAKES,
    theirs=_theirs,
    more=misshapen,
)
