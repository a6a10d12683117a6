"""`haiku.Conv1DTranspose`, `2D`, `3D` and `ConvNDTranspose`."""

from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents._code import call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, check_groups, check_zeros
from jtconv._equivalents.lax import lax_padding


def write(layer: Layer) -> Equivalent:
    """The layer with lax's padding."""
    check_zeros(layer, "haiku")
    check_groups(layer, "haiku's transposed convolution")
    spec = layer.spec
    if layer.ndim == 0:
        raise NoEquivalent("haiku has no layer without spatial axes")
    if set(spec.dilation) != {1}:
        raise NoEquivalent("haiku's transposed convolution has no dilation")
    options = given(
        stride=(one_or_each(spec.strides), 1),
        padding=(lax_padding(layer), "SAME"),
        with_bias=(layer.use_bias, True),
    )
    numbered = layer.ndim in (1, 2, 3)
    text = call(
        f"hk.Conv{layer.ndim}DTranspose" if numbered else "hk.ConvNDTranspose",
        *(() if numbered else (layer.ndim,)),
        layer.out_ch,
        one_or_each(spec.kernel_size),
        **options,
    )
    return Equivalent(text, layer.kernel_shape("k", "out", "in"), kernel_reversed=True)
