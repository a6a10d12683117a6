"""The ONNX operator ConvTranspose."""

from jtconv._dialects import onnx as dialect
from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents._code import call, given
from jtconv._equivalents._layer import Equivalent, Layer, check_zeros, pads_text


def write(layer: Layer) -> Equivalent:
    """The node with explicit pads, which may not be negative, and output_padding."""
    check_zeros(layer, "ONNX")
    spec, ones, zeros = layer.spec, [1] * layer.ndim, [0] * layer.ndim
    pads, rest = layer.pads_and_rest()
    options = given(
        strides=(list(spec.strides), ones),
        pads=([*(lo for lo, _ in pads), *(hi for _, hi in pads)], [*zeros, *zeros]),
        output_padding=(list(rest), zeros),
        dilations=(list(spec.dilation), ones),
        group=(spec.groups, 1),
    )
    if min((p for pair in pads for p in pair), default=0) < 0 or not layer.is_read_by(dialect.read, **options):
        raise NoEquivalent(
            f"ONNX pads by 0 or more, and output_padding is smaller than the stride or dilation; this layer crops "
            f"{pads_text(layer.whole_pads)}"
        )
    text = call(
        "onnx.helper.make_node",
        "ConvTranspose",
        ["X", "W", "B"] if layer.use_bias else ["X", "W"],
        ["Y"],
        kernel_shape=list(spec.kernel_size),
        **options,
    )
    return Equivalent(text, layer.kernel_shape("in", "out/", "k"))
