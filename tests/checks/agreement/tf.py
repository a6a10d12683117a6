"""tf.nn's transposed convolutions, whose definition stands in for TensorFlow: the gradient of a convolution.

TensorFlow defines them as the gradient of its convolutions in the input; here that is JAX's of lax's
convolution, with its "SAME", "VALID" or explicit padding, of arrays of `output_shape`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax import lax

from jtconv.compat import tf as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.peer import Peer

DTYPES = ("float64",) * 5 + ("float32",) * 4 + ("bfloat16", "float16")
FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
KERNEL = {1: "WIO", 2: "HWIO", 3: "DHWIO"}


def _draw(draw: Draw) -> Configuration:
    dtype, ndim = draw.one(DTYPES), draw.ndim
    layer = draw.layer(dtype, strides=draw.each(1, 4), dilation=draw.each(1, 3))
    channels_first = draw.chance(0.5)
    padding = draw.one(["SAME", "VALID", "pairs"] if ndim == 2 else ["SAME", "VALID"])
    pads = draw.pairs(0, 2)
    size = tuple(_some_size(draw, layer, axis, padding, pads[axis]) for axis in range(ndim))

    def ordered(n: Any, size: Any, c: Any) -> tuple[Any, ...]:
        return (n, c, *size) if channels_first else (n, *size, c)

    data_format = FORMATS[ndim][channels_first]
    alone = ndim == 2 and draw.chance(0.3)
    general = draw.chance(0.5) and not alone
    output_shape = size if alone else ordered(layer.batch, size, layer.x_ch)
    strides = ordered(1, layer.strides, 1) if draw.chance(0.5) else draw.spelled(layer.strides)
    dilations = ordered(1, layer.dilation, 1) if draw.chance(0.5) else draw.spelled(layer.dilation)
    arguments = {"output_shape": output_shape, "strides": strides, "dilations": dilations, "data_format": data_format}
    arguments["padding"] = [list(p) for p in ordered((0, 0), pads, (0, 0))] if padding == "pairs" else padding
    if not channels_first and draw.chance(0.5):
        del arguments["data_format"]
    return Configuration(
        "conv_transpose" if general else f"conv{ndim}d_transpose",
        layer,
        (ordered(layer.batch, layer.y_size, layer.y_ch), (*layer.kernel_size, layer.x_ch, layer.y_ch)),
        arguments,
        (dtype,),
        private={"size": size, "pads": pads if padding == "pairs" else padding, "data_format": data_format},
    )


def _some_size(draw: Draw, layer: Layer, axis: int, padding: str, pads: tuple[int, int]) -> int:
    """One that the convolution maps to y's size; now and then, one that it may not."""
    o, s = layer.y_size[axis], layer.strides[axis]
    reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
    least = s * (o - 1) + 1 + (0 if padding == "SAME" else reach - (sum(pads) if padding == "pairs" else 0))
    return max(least + draw.integer(0, s - 1) + draw.one([0] * 14 + [-1, s]), 1)


def _mistakes(layer: Layer) -> Iterator[dict[str, Any]]:
    ndim = layer.ndim
    for name in ("strides", "dilations"):
        yield from ({name: value} for value in (0, -1, 1.5, "1", (1,) * (ndim + 3), (2,) * (ndim + 2)))
    yield from ({"padding": value} for value in ("CAUSAL", "EXPLICIT", 1, [[0, 0]] * (ndim + 1), [[1, 1]] * (ndim + 2)))
    yield from ({"data_format": value} for value in ("channels_last", "NC", 1))
    yield from ({"output_shape": value} for value in (7, None, (7,) * ndim + (7,), (70,) * (ndim + 2)))


def _theirs(configuration: Configuration) -> Callable[..., Any]:
    given = configuration.private
    if configuration.edge:
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

    return gradient


PEER = Peer(
    name="tf",
    packages=("jax",),
    adapter=adapter,
    draw=_draw,
    draws=600,
    mistakes=_mistakes,
    theirs=_theirs,
)
