"""paddle.nn.functional.conv1d_transpose to conv3d_transpose, forward and with Paddle's own gradients, on the CPU."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

os.environ.setdefault("GLOG_minloglevel", "2")  # it would print whatever it promotes
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for ccache
    import paddle

from jtconv._geometry.sizes import same_pads, transposed_size
from jtconv.compat import paddle as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen, misshapen_bias
from tests.checks.agreement.peer import Peer, named_in
from tests.checks.agreement.programs import Numbers, Program

DTYPES = ("float64",) * 3 + ("float32",) * 2
WRONG_DTYPES = (("float32", "float64"), ("int32",), ("complex64",), ("float16",), ("bfloat16",))
FORMATS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def _draw(draw: Draw) -> Configuration:
    dtype, ndim = draw.one(DTYPES), draw.ndim
    layer = draw.layer(dtype, groups=(1, 1, 2, 3), strides=draw.one_or_each(1, 4), dilation=draw.one_or_each(1, 3))
    if draw.chance(0.1):
        layer = replace(layer, x_per_group=1, y_per_group=1)  # depthwise, which has code of its own
    first = draw.chance(0.5)
    pads, padding = _padding(draw, layer, first)
    arguments = {
        "stride": draw.spelled(layer.strides),
        "padding": padding,
        "dilation": draw.spelled(layer.dilation),
        "groups": layer.groups,
        "data_format": FORMATS[ndim][not first],
    }
    if draw.chance(0.4):
        arguments["output_padding"] = draw.spelled(draw.below(layer.strides))
    elif draw.chance(0.4):
        dilation = (1,) * ndim if str(padding).upper() == "SAME" else layer.dilation
        axes = zip(layer.y_size, layer.kernel_size, layer.strides, pads, dilation, strict=True)
        # Now and then one that the convolution does not map to y's size.
        rests = [draw.integer(0, s - 1) + draw.one([0] * 14 + [-1, s]) for s in layer.strides]
        sizes = [transposed_size(*axis, a) for axis, a in zip(axes, rests, strict=True)]
        arguments["output_size"] = draw.spelled(tuple(max(size, 1) for size in sizes))
    image = (layer.y_ch, *layer.y_size) if first else (*layer.y_size, layer.y_ch)
    return Configuration(
        f"conv{ndim}d_transpose",
        layer,
        (
            (layer.batch, *image),
            (layer.y_ch, layer.x_per_group, *layer.kernel_size),
            *((layer.x_ch,),) * draw.chance(0.5),
        ),
        arguments,
        (dtype,),
        gradients=True,
    )


def _padding(draw: Draw, layer: Layer, first: bool) -> tuple[Sequence[tuple[int, int]], Any]:
    """Pairs, and one way to write them. They leave no negative size, of two of which Paddle's process ends."""
    name = draw.one((None, None, None, None, "SAME", "VALID", "same"))
    axes = list(zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, strict=True))
    if name is not None:
        same = name.upper() == "SAME"
        return [same_pads(o, k, s, 1, lower=False) if same else (0, 0) for o, k, s, _ in axes], name
    room = [transposed_size(o, k, s, (0, 0), d, 0) for o, k, s, d in axes]
    los = [min(lo, full // 2) for lo, full in zip(draw.each(0, 2), room, strict=True)]
    if draw.chance(0.3):
        return [(lo, lo) for lo in los], draw.spelled(tuple(los))
    pads = [(lo, min(hi, full - lo)) for lo, hi, full in zip(los, draw.each(0, 3), room, strict=True)]
    if draw.chance(0.5):
        return pads, [p for pair in pads for p in pair]
    zeros = [[0, 0]]
    return pads, [*zeros, *zeros, *map(list, pads)] if first else [*zeros, *map(list, pads), *zeros]


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    others = ((1,) * (ndim + 1), 1.5, None, "FULL", (1.0,) * ndim, ())
    for name in ("stride", "padding", "output_padding", "dilation"):
        yield from ({name: value} for value in others)
    yield from ({"stride": value} for value in (0, -1, [1.5] * ndim, True))
    yield from ({"padding": [0] * ndim, "dilation": [value] + [1] * (ndim - 1)} for value in (0, -1))
    yield from ({"padding": value} for value in (-1, [-1] + [0] * (ndim - 1), [30] + [0] * (ndim - 1), [(0, 0)] * ndim))
    yield {"padding": [[0, 0], [1, 1], *[[0, 0]] * (ndim - 1), [1, 1]]}  # of N or C, too
    yield from ({"output_size": None, "output_padding": value} for value in (-1, layer.strides, [0] * ndim))
    yield {"output_size": None, "output_padding": list(map(max, layer.strides, layer.dilation))}
    yield from ({"output_size": value, "output_padding": 0} for value in (0, 60, 7.0, "7", [7] * (ndim + 1)))
    yield {"output_size": 7, "output_padding": 1}
    yield from ({"groups": value} for value in (0, -1, layer.groups * 7, 1.0, None))
    yield from ({"data_format": value} for value in ("NC", "NHC", None, "channels_last"))
    yield {"name": "layer"}


def _more(good: Configuration) -> Iterator[Configuration]:
    bias = good.layer.x_ch
    yield from misshapen(good, WRONG_DTYPES, empty=True)
    yield from misshapen_bias(good, ((bias * 11,),))
    for x, b in (("float32", "float64"), ("float64", "float32"), ("float32", "int32")):
        yield replace(good, shapes=(*good.shapes[:2], (bias,)), dtypes=(x, x, b), gradients=False)


def _program(function: Callable[..., Any]) -> Program:
    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        tensors = [paddle.to_tensor(a, stop_gradient=cotangent is None) for a in arrays]
        x = function(*tensors)
        if cotangent is None:
            return (x.numpy(),)
        gradients = paddle.grad([x], tensors, [paddle.to_tensor(cotangent)])
        return tuple(tensor.numpy() for tensor in (x, *gradients))

    return run


PEER = Peer(
    name="paddle",
    packages=("paddlepaddle",),
    adapter=adapter,
    draw=_draw,
    draws=1_700,
    mistakes=_mistakes,
    theirs=named_in(paddle.nn.functional),
    more=_more,
    program=_program,
)
