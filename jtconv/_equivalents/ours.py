"""This library's own words."""

from jtconv._equivalents._code import Name, call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, alike_or_pairs


def write(layer: Layer) -> Equivalent:
    """`jtconv.nn.ConvTranspose(…)`."""
    spec = layer.spec
    if spec.padding_mode == "zeros":
        pads, rest = layer.pads_and_rest()
    else:  # the padding after the input is what is folded back, too: it stays as it is
        whole = layer.whole_pads
        pads, rest = spec.pads, tuple(hi - left for (_, hi), (_, left) in zip(spec.pads, whole, strict=True))
    options = given(
        strides=(one_or_each(spec.strides), 1),
        padding=(alike_or_pairs(pads), 0),
        output_padding=(one_or_each(rest), 0),
        dilation=(one_or_each(spec.dilation), 1),
        groups=(spec.groups, 1),
        padding_mode=(spec.padding_mode, "zeros"),
        use_bias=(layer.use_bias, True),
    )
    text = call("jtconv.nn.ConvTranspose", layer.in_ch, layer.out_ch, spec.kernel_size, **options, rngs=Name("rngs"))
    return Equivalent(text, layer.kernel_shape("k", "out/", "in"))
