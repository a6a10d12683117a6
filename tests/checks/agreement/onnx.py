"""ONNX's ConvTranspose as onnxruntime computes it on the CPU, in float32 and float16."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime

from jtconv._geometry.sizes import transposed_size
from jtconv.compat import onnx as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen, misshapen_bias
from tests.checks.agreement.peer import Peer
from tests.checks.agreement.programs import Numbers, Program

onnxruntime.set_default_logger_severity(4)  # it would print what it refuses
DTYPES = ("float32",) * 5 + ("float16",)
WRONG_DTYPES = (("float64",), ("int64",), ("float32", "float16"))
OPSET, IR_VERSION = 22, 10
PADDED = ("pads", "SAME_UPPER", "SAME_LOWER", "VALID", "output_shape", "output_shape SAME_UPPER",
          "output_shape SAME_LOWER")  # fmt: skip


def _grid() -> Iterator[Configuration]:
    """One axis: every small kernel, stride and dilation by each way to say the padding."""
    for k, s, d in itertools.product((1, 2, 3, 4), (1, 2, 3, 5), (1, 2)):
        for number, how in enumerate(PADDED[:-1]):
            draw = Draw(1_000 * k + 100 * s + 10 * d + number, (1,))
            layer = draw.layer(groups=(1, 2, 3), strides=s, dilation=d)
            yield _configuration(draw, "float32", replace(layer, kernel_size=(k,)), how)


def _draw(draw: Draw) -> Configuration:
    dtype = draw.one(DTYPES)
    layer = draw.layer(dtype, groups=(1, 2, 3), strides=draw.one_or_each(1, 4), dilation=draw.one_or_each(1, 3))
    return _configuration(draw, dtype, layer, draw.one(PADDED))


def _configuration(draw: Draw, dtype: str, layer: Layer, how: str) -> Configuration:
    rest = draw.below(layer.strides, *[layer.dilation] * draw.chance(0.2))
    arguments: dict[str, Any] = {
        "strides": list(layer.strides),
        "dilations": list(layer.dilation),
        "kernel_shape": list(layer.kernel_size),
        "output_padding": list(rest),
    }
    arguments = {name: v for name, v in arguments.items() if set(v) != {name != "output_padding"} or draw.chance(0.5)}
    arguments["group"] = layer.groups
    if how == "pads":
        arguments["pads"] = [draw.integer(0, 2) for _ in range(2 * layer.ndim)]
    elif how.startswith("output_shape"):
        axes = zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, rest, strict=True)
        full = [transposed_size(o, k, s, (0, 0), d, a) for o, k, s, d, a in axes]
        arguments["output_shape"] = [draw.integer(max(f - 4, 1), f + 2) for f in full]
    if how.split()[-1] not in ("pads", "output_shape"):
        arguments["auto_pad"] = how.split()[-1]
    shapes = ((layer.batch, layer.y_ch, *layer.y_size), (layer.y_ch, layer.x_per_group, *layer.kernel_size))
    bias = ((layer.x_ch,),) * draw.chance(0.5)
    return Configuration("conv_transpose", layer, (*shapes, *bias), arguments, (dtype,))


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    ones = [1] * ndim
    for name in ("strides", "dilations", "output_padding", "output_shape", "kernel_shape"):
        yield from ({name: value} for value in ([-1] * ndim, [0] * ndim, [*ones, 1], 1, [1.5] * ndim, "1"))
    yield from ({"pads": value} for value in ([-1] * 2 * ndim, ones, [0] * (2 * ndim + 1), [30] * 2 * ndim, 1))
    yield from ({"auto_pad": value} for value in ("SAME", "same_upper", "valid", 1))
    for auto_pad in ("VALID", "SAME_UPPER", "NOTSET"):
        yield {"auto_pad": auto_pad, "pads": [0] * 2 * ndim}
    yield {"output_padding": list(layer.strides)}
    yield {"output_shape": [60] * ndim}
    yield {"output_shape": [1, 1, *ones]}
    yield {"output_shape": [4] * ndim, "pads": [1] * 2 * ndim}
    yield {"kernel_shape": [k + 1 for k in layer.kernel_size]}
    yield from ({"group": value} for value in (0, -1, layer.groups * 7))


def _more(good: Configuration) -> Iterator[Configuration]:
    ch = good.shapes[1][1]
    yield from misshapen(good, WRONG_DTYPES)
    yield from misshapen_bias(good, ((ch * 11,), (1, ch)))


def _theirs(configuration: Configuration) -> Callable[..., Any]:
    session = _session(configuration)
    return lambda *arrays: session.run(None, dict(zip("XWB", arrays, strict=False)))


def _session(configuration: Configuration) -> onnxruntime.InferenceSession:
    """A model of this one node."""
    dtypes = (
        configuration.dtypes * len(configuration.shapes) if len(configuration.dtypes) == 1 else configuration.dtypes
    )
    types = [onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)) for dtype in dtypes]
    value = onnx.helper.make_tensor_value_info
    inputs = [value(name, t, shape) for name, t, shape in zip("XWB", types, configuration.shapes, strict=False)]
    node = onnx.helper.make_node("ConvTranspose", [i.name for i in inputs], ["Y"], **configuration.arguments)
    graph = onnx.helper.make_graph([node], "layer", inputs, [value("Y", types[0], None)])
    opset = onnx.helper.make_opsetid("", OPSET)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _program(function: Callable[..., Any]) -> Program:
    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        assert cotangent is None
        return tuple(map(np.asarray, function(*arrays)))

    return run


PEER = Peer(
    name="onnx",
    packages=("onnx", "onnxruntime"),
    adapter=adapter,
    draw=_draw,
    draws=750,
    mistakes=_mistakes,
    theirs=_theirs,
    grid=_grid,
    more=_more,
    program=_program,
    wide="float32",
)
