"""keras.ops.conv_transpose on its JAX backend."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras

from jtconv.compat import keras as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer, named_in

DTYPES = ("float64",) * 5 + ("float32",) * 4 + ("bfloat16", "float16", "complex64")
WRONG_DTYPES = (("float32", "float64"), ("int64",), ("int32",))


def _grid() -> Iterator[Configuration]:
    """One axis: every small kernel, stride, dilation, padding and output_padding."""
    for k, s, d, padding in itertools.product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2), ("valid", "same")):
        for a in (None, *range(s + 1)):
            draw = Draw(1_000 * k + 100 * s + 10 * d + (a or 0), (1,))
            layer = replace(draw.layer(strides=s, dilation=d), kernel_size=(k,))
            yield _configuration(draw, "float64", layer, padding, None if a is None else (a,))


def _draw(draw: Draw) -> Configuration:
    dtype = draw.one(DTYPES)
    layer = draw.layer(dtype, strides=draw.one_or_each(1, 4), dilation=draw.one_or_each(1, 3))
    if layer.ndim == 3:  # XLA ends the process at some layers of lax's whose kernel is not smaller than the image
        layer = replace(
            layer, y_size=tuple(max(o, k + 1) for o, k in zip(layer.y_size, layer.kernel_size, strict=True))
        )
    return _configuration(
        draw, dtype, layer, draw.one(("valid", "same")), draw.below(layer.strides) if draw.chance(0.5) else None
    )


def _configuration(draw: Draw, dtype: str, layer: Layer, padding: str, rest: tuple[int, ...] | None) -> Configuration:
    data_format = draw.one((None, "channels_last", "channels_first"))
    first = data_format == "channels_first"
    image = (layer.y_ch, *layer.y_size) if first else (*layer.y_size, layer.y_ch)
    arguments = {
        "strides": draw.spelled(layer.strides),
        "padding": padding,
        "output_padding": None if rest is None else draw.spelled(rest),
        "data_format": data_format,
        "dilation_rate": draw.spelled(layer.dilation),
    }
    shapes = ((layer.batch, *image), (*layer.kernel_size, layer.x_ch, layer.y_ch))
    return Configuration("conv_transpose", layer, shapes, arguments, (dtype,))


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    for name in ("strides", "dilation_rate"):
        yield from ({name: value} for value in (0, -1, 1.5, None, "1", (1,) * (ndim + 1), (1,) * (ndim - 1)))
    for padding, a in itertools.product(("valid", "same"), (-1, -2, 7, 1.5, (1,) * (ndim + 1), (1,) * (ndim - 1))):
        yield {"padding": padding, "output_padding": a}
    yield {"padding": "same", "output_padding": -60}
    yield from ({"padding": value} for value in ("SAME", "Valid", "causal", 1, None, ((0, 0),) * ndim))
    yield from ({"data_format": value} for value in ("CHANNELS_LAST", "NHWC", 1))


PEER = Peer(
    name="keras",
    packages=("keras",),
    adapter=adapter,
    draw=_draw,
    draws=1_850,
    mistakes=_mistakes,
    theirs=named_in(keras.ops),
    grid=_grid,
    more=lambda good: misshapen(good, WRONG_DTYPES, empty=True),
)
