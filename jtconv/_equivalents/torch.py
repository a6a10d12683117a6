"""`torch.nn.ConvTranspose1d`, `2d` and `3d`."""

from jtconv._dialects import torch as dialect
from jtconv._equivalents._code import call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, check_axes, check_zeros, no_such_crop


def write(layer: Layer) -> Equivalent:
    """The layer with its padding alike on both sides and the rest as output_padding."""
    check_zeros(layer, "torch")
    check_axes(layer, "torch")
    spec = layer.spec
    starts = tuple(lo for lo, _ in layer.whole_pads)
    rest = tuple(lo - hi for lo, hi in layer.whole_pads)
    options = given(
        stride=(one_or_each(spec.strides), 1),
        padding=(one_or_each(starts), 0),
        output_padding=(one_or_each(rest), 0),
        groups=(spec.groups, 1),
        dilation=(one_or_each(spec.dilation), 1),
    )
    if not layer.is_read_by(dialect.read, **options):
        raise no_such_crop(
            layer,
            "torch crops alike before and after, and up to max(stride, dilation) - 1 less at the end",
            "padding=0",
            block=lambda reach, stride: reach,
        )
    if not layer.use_bias:
        options["bias"] = False
    text = call(
        f"torch.nn.ConvTranspose{layer.ndim}d", layer.in_ch, layer.out_ch, one_or_each(spec.kernel_size), **options
    )
    return Equivalent(text, layer.kernel_shape("in", "out/", "k"))
