"""`flax.nnx.ConvTranspose` and `flax.linen.ConvTranspose`."""

from typing import Any

from jtconv._dialects import flax as dialect
from jtconv._equivalents._code import Name, call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, check_axes, check_groups, check_zeros
from jtconv._equivalents.lax import lax_padding


def write_nnx(layer: Layer) -> Equivalent:
    """The NNX module."""
    options = _options(layer)
    text = call("nnx.ConvTranspose", layer.in_ch, layer.out_ch, layer.spec.kernel_size, **options, rngs=Name("rngs"))
    return Equivalent(text, layer.kernel_shape("k", "in", "out"), kernel_reversed=True)


def write_linen(layer: Layer) -> Equivalent:
    """The Linen module."""
    text = call("nn.ConvTranspose", layer.out_ch, layer.spec.kernel_size, **_options(layer))
    return Equivalent(text, layer.kernel_shape("k", "in", "out"), kernel_reversed=True)


def _options(layer: Layer) -> dict[str, Any]:
    """Without `transpose_kernel`, whose initial values are scaled by the wrong number of channels."""
    check_axes(layer, "flax")
    check_groups(layer, "flax")
    spec = layer.spec
    return given(
        strides=(one_or_each(spec.strides), 1),
        padding=(_padding(layer), "SAME"),
        kernel_dilation=(one_or_each(spec.dilation), 1),
        use_bias=(layer.use_bias, True),
    )


def _padding(layer: Layer) -> Any:
    spec = layer.spec
    if layer.is_read_by(dialect.read, strides=spec.strides, padding="CIRCULAR", kernel_dilation=spec.dilation):
        return "CIRCULAR"
    check_zeros(layer, "flax")
    return lax_padding(layer)
