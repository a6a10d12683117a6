"""ONNX's ConvTranspose as onnxruntime computes it on the CPU, in float32 and float16."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnxruntime

from jtconv.compat import onnx as adapter
from tests.checks.agreement.compared import Peer
from tests.checks.agreement.configurations import Configuration, Layer, drawn_layers, of_few_terms
from tests.checks.agreement.programs import Numbers, Program

onnxruntime.set_default_logger_severity(4)  # it would print what it refuses
DTYPES = ("float32",) * 5 + ("float16",)
OPSET, IR_VERSION = 22, 10


def configurations() -> list[Configuration]:
    return [replace(c, seed=i) for i, c in enumerate([*_grid(), *_draws(), *_refused()])]


def _grid() -> Iterator[Configuration]:
    """One axis: every small kernel, stride and dilation by each way to say the padding."""
    rng = np.random.default_rng(0)
    for k, s, d in itertools.product((1, 2, 3, 4), (1, 2, 3, 5), (1, 2)):
        for how in ("pads", "SAME_UPPER", "SAME_LOWER", "VALID", "output_shape", "output_shape SAME_UPPER"):
            layer = Layer((int(rng.integers(1, 7)),), (k,), (s,), (d,), groups=int(rng.integers(1, 4)))
            yield _configuration(rng, layer, how)


def _draws() -> Iterator[Configuration]:
    rng = np.random.default_rng(1)
    ways = ("pads", "pads", "SAME_UPPER", "SAME_LOWER", "VALID", "output_shape", "output_shape SAME_UPPER",
            "output_shape SAME_LOWER")  # fmt: skip
    for ndim, count in ((1, 150), (2, 350), (3, 250)):
        for layer in drawn_layers(rng, count, ndim):
            yield _configuration(rng, layer, str(rng.choice(ways)))


def _configuration(rng: np.random.Generator, layer: Layer, how: str) -> Configuration:
    dtype = str(rng.choice(DTYPES))
    layer = of_few_terms(layer, dtype)
    axes = list(zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, strict=True))
    rest = [int(rng.integers(0, max(s, d) if rng.integers(5) == 0 else s)) for _, _, s, d in axes]
    full = [s * (o - 1) + d * (k - 1) + 1 + a for (o, k, s, d), a in zip(axes, rest, strict=True)]
    has_bias = bool(rng.integers(2))
    arguments: dict[str, Any] = {"strides": list(layer.strides), "dilations": list(layer.dilation)}
    arguments |= {"group": layer.groups, "output_padding": rest, "kernel_shape": list(layer.kernel_size)}
    if how == "pads":
        arguments["pads"] = [int(rng.integers(0, 3)) for _ in range(2 * layer.ndim)]
    elif how.startswith("output_shape"):
        arguments["output_shape"] = [int(rng.integers(max(f - 4, 1), f + 3)) for f in full]
    if how.split()[-1] not in ("pads", "output_shape"):
        arguments["auto_pad"] = how.split()[-1]
    for name in ("strides", "dilations", "kernel_shape", "output_padding"):
        if set(arguments[name]) == {0 if name == "output_padding" else 1} and rng.integers(2):
            del arguments[name]
    shapes = [(layer.batch, layer.y_ch, *layer.y_size), (layer.y_ch, layer.x_per_group, *layer.kernel_size)]
    features = layer.features | {dtype, *how.split()} | ({"bias"} if has_bias else set())
    return Configuration(
        "conv_transpose",
        layer,
        tuple(shapes + [(layer.x_ch,)] * has_bias),
        arguments,
        (dtype,),
        frozenset(features | ({"output_padding"} if any(rest) else set())),
    )


def _refused() -> Iterator[Configuration]:
    """Calls that onnxruntime refuses, or might: one thing wrong in each."""
    rng = np.random.default_rng(2)
    for ndim in (1, 2, 3):
        for layer in drawn_layers(rng, 2, ndim):
            good = replace(_configuration(rng, layer, "VALID"), dtypes=("float32",), features=frozenset({"edge cases"}))
            good = replace(good, arguments={"group": layer.groups, "strides": list(layer.strides)})
            yield from (replace(good, arguments=good.arguments | wrong) for wrong in _wrong_arguments(layer))
            yield from (replace(good, shapes=shapes) for shapes in _wrong_shapes(good.shapes))
            yield from (replace(good, shapes=good.shapes[:2], dtypes=d) for d in (("float64",), ("int64",)))
            yield replace(good, shapes=good.shapes[:2], dtypes=("float32", "float16"))


def _wrong_arguments(layer: Layer) -> Iterator[dict[str, Any]]:
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


def _wrong_shapes(shapes: tuple[tuple[int, ...], ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    image, kernel, *_ = shapes
    yield ((image[0], image[1] + 1, *image[2:]), kernel)
    yield (image[1:], kernel)
    yield ((1, *image), kernel)
    yield ((0, *image[1:]), kernel)  # an empty batch, which onnxruntime takes
    yield (image, kernel[:-1])
    yield (image, (*kernel, 1))
    yield (image, kernel, (kernel[1] * 11,))
    yield (image, kernel, (1, kernel[1]))


def theirs(configuration: Configuration) -> Program:
    session = _session(configuration)

    def run(arrays: Sequence[np.ndarray], cotangent: np.ndarray | None) -> Numbers:
        assert cotangent is None
        (x,) = session.run(None, dict(zip("XWB", arrays, strict=False)))
        return (np.asarray(x),)

    return run


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


PEER = Peer("onnx", ("onnx", "onnxruntime"), adapter, configurations, theirs, wide="float32")
