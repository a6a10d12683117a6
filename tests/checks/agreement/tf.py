"""tf.nn's transposed convolutions, whose definition stands in for TensorFlow: the gradient of a convolution.

TensorFlow defines them as the gradient of its convolutions in the input; here that is JAX's of lax's
convolution, with its "SAME", "VALID" or explicit padding, of arrays of `output_shape`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax import lax

from jtconv.compat import tf as adapter
from tests.checks.agreement.compared import Peer
from tests.checks.agreement.configurations import Configuration, Layer, drawn_layers, int_or_tuple, of_few_terms
from tests.checks.agreement.programs import Program, program_of

DTYPES = ("float64",) * 5 + ("float32",) * 4 + ("bfloat16", "float16")
FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
KERNEL = {1: "WIO", 2: "HWIO", 3: "DHWIO"}


def configurations() -> list[Configuration]:
    rng = np.random.default_rng(1)
    drawn = [_configuration(rng, layer) for ndim in (1, 2, 3) for layer in drawn_layers(rng, 200, ndim, most_groups=1)]
    return [replace(c, seed=i) for i, c in enumerate([*drawn, *_refused()])]


def _configuration(rng: np.random.Generator, layer: Layer) -> Configuration:
    dtype = str(rng.choice(DTYPES))
    layer, ndim = of_few_terms(layer, dtype), layer.ndim
    channels_first = bool(rng.integers(2))
    padding = str(rng.choice(["SAME", "VALID", "pairs"] if ndim == 2 else ["SAME", "VALID"]))
    pads = [(int(rng.integers(0, 2)), int(rng.integers(0, 3))) for _ in range(ndim)]
    size = tuple(_some_size(rng, layer, axis, padding, pads[axis]) for axis in range(ndim))

    def ordered(n: Any, size: Any, c: Any) -> tuple[Any, ...]:
        return (n, c, *size) if channels_first else (n, *size, c)

    data_format = FORMATS[ndim][channels_first]
    alone = ndim == 2 and rng.integers(3) == 0
    general = bool(rng.integers(2)) and not alone
    output_shape = size if alone else ordered(layer.batch, size, layer.x_ch)
    strides = ordered(1, layer.strides, 1) if rng.integers(2) else int_or_tuple(rng, layer.strides)
    dilations = ordered(1, layer.dilation, 1) if rng.integers(2) else int_or_tuple(rng, layer.dilation)
    arguments = {"output_shape": output_shape, "strides": strides, "dilations": dilations, "data_format": data_format}
    arguments["padding"] = [list(p) for p in ordered((0, 0), pads, (0, 0))] if padding == "pairs" else padding
    if not channels_first and rng.integers(2):
        del arguments["data_format"]
    features = layer.features | {dtype, padding} | ({"channels first"} if channels_first else set())
    return Configuration(
        "conv_transpose" if general else f"conv{ndim}d_transpose",
        layer,
        (ordered(layer.batch, layer.y_size, layer.y_ch), (*layer.kernel_size, layer.x_ch, layer.y_ch)),
        arguments,
        (dtype,),
        frozenset(features),
        private={"size": size, "pads": pads if padding == "pairs" else padding, "data_format": data_format},
    )


def _some_size(rng: np.random.Generator, layer: Layer, axis: int, padding: str, pads: tuple[int, int]) -> int:
    """One that the convolution maps to y's size; now and then, one that it may not."""
    o, s = layer.y_size[axis], layer.strides[axis]
    reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
    least = s * (o - 1) + 1 + (0 if padding == "SAME" else reach - (sum(pads) if padding == "pairs" else 0))
    return max(least + int(rng.integers(0, s)) + int(rng.choice([0] * 14 + [-1, s])), 1)


def _refused() -> Iterator[Configuration]:
    rng = np.random.default_rng(2)
    for ndim in (1, 2, 3):
        for layer in drawn_layers(rng, 2, ndim, most_groups=1):
            good = replace(_configuration(rng, layer), dtypes=("float32",), features=frozenset({"edge cases"}))
            yield from (
                replace(good, arguments=good.arguments | wrong, private=good.private | {"refused": True})
                for wrong in _wrong_arguments(ndim)
            )


def _wrong_arguments(ndim: int) -> Iterator[dict[str, Any]]:
    for name in ("strides", "dilations"):
        yield from ({name: value} for value in (0, -1, 1.5, "1", (1,) * (ndim + 3), (2,) * (ndim + 2)))
    yield from ({"padding": value} for value in ("CAUSAL", "EXPLICIT", 1, [[0, 0]] * (ndim + 1), [[1, 1]] * (ndim + 2)))
    yield from ({"data_format": value} for value in ("channels_last", "NC", 1))
    yield from ({"output_shape": value} for value in (7, None, (7,) * ndim + (7,), (70,) * (ndim + 2)))


def theirs(configuration: Configuration) -> Program:
    given = configuration.private
    if "refused" in given:
        raise ValueError("TensorFlow's documentation rules it out")
    layer, order = configuration.layer, given["data_format"]
    numbers = (order, KERNEL[layer.ndim], order)
    sizes = dict(zip(order.replace("N", "").replace("C", ""), given["size"], strict=True))
    shape = tuple((sizes | {"N": layer.batch, "C": layer.x_ch})[letter] for letter in order)

    def gradient(y: Any, kernel: Any) -> Any:
        def convolution(x: Any) -> Any:
            return lax.conv_general_dilated(
                x, kernel, layer.strides, given["pads"], rhs_dilation=layer.dilation, dimension_numbers=numbers
            )

        return jax.linear_transpose(convolution, jax.ShapeDtypeStruct(shape, y.dtype))(y)[0]

    return program_of(gradient)


PEER = Peer("tf", ("jax",), adapter, configurations, theirs)
