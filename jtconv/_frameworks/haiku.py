"""`haiku.ConvNDTranspose`, as of dm-haiku 0.0.17: lax's function with sizes of the result added."""

from collections.abc import Sequence
from dataclasses import replace

from jtconv._frameworks import lax
from jtconv._frameworks.framework import Framework, Signature, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, NoEquivalent, call, check_groups, check_zeros, given
from jtconv._frameworks.reading import repeated
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout(reversed=True)  # (*k, x_ch, y_ch)


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    output_shape: int | Sequence[int] | None = None,
    padding: str | Sequence[Pads] = "SAME",
) -> ConvSpec:
    """Return the convolution whose transpose haiku's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = repeated("stride", stride, ndim, minimum=1)
    if output_shape is not None:
        targets = repeated("output_shape", output_shape, ndim, minimum=1)
        rule = _named(padding)
        axes = zip(y_size, targets, kernel_size, strides, strict=True)
        padding = [_pads_for(axis, o, i, k, s, rule) for axis, (o, i, k, s) in enumerate(axes)]
    return lax.read(y_size, kernel_size, strides=strides, padding=padding)


def _named(padding: str | Sequence[Pads]) -> str:
    if not isinstance(padding, str) or padding not in ("SAME", "VALID"):
        raise ValueError(
            f"`padding` must be 'SAME' or 'VALID' where `output_shape` is given, got {arg.shown(padding)}."
        )
    return str(padding)


def _pads_for(axis: int, o: int, i: int, k: int, s: int, padding: str) -> Pads:
    """Return the padding of the dilated input that gives the result `i` positions."""
    fits = (i - k) // s + 1 if padding == "VALID" else -(-i // s)
    if o != fits:
        raise ValueError(
            f"`output_shape` {i} on spatial axis {axis} is what a convolution maps to {fits} positions (kernel {k}, "
            f"stride {s}, padding {padding!r}), but the input has {o}. Take an `output_shape` that it maps to {o}."
        )
    lo = max(s * (o - 1) + k - i, 0) // 2 if padding == "SAME" else 0
    return (k - 1 - lo, i + lo - s * (o - 1) - 1)


def write(layer: Layer) -> str:
    """Return the layer with lax's padding."""
    check_zeros(layer, "haiku")
    check_groups(layer, "haiku's transposed convolution")
    spec = layer.spec
    if layer.ndim == 0:
        raise NoEquivalent("haiku has no layer without spatial axes")
    if set(spec.dilation) != {1}:
        raise NoEquivalent("haiku's transposed convolution has no dilation")
    options = given(
        stride=(one_or_each(spec.strides), 1), padding=(lax.padding_of(layer), "SAME"), with_bias=(layer.use_bias, True)
    )
    numbered = layer.ndim in (1, 2, 3)
    return call(
        f"hk.Conv{layer.ndim}DTranspose" if numbered else "hk.ConvNDTranspose",
        *(() if numbered else (layer.ndim,)),
        layer.out_ch,
        one_or_each(spec.kernel_size),
        **options,
    )


_LAYER = Signature(
    "hk.ConvNDTranspose",
    "num_spatial_dims output_channels kernel_shape stride output_shape padding with_bias w_init b_init data_format "
    "mask name",
    read,
    kernel_size="kernel_shape",
    out_ch="output_channels",
    axes="num_spatial_dims",
    bias="with_bias",
    required=("num_spatial_dims", "kernel_shape"),
)
_NUMBERED = replace(_LAYER, parameters=_LAYER.parameters.partition(" ")[2], axes=None, required=("kernel_shape",))
FRAMEWORK = Framework(
    name="haiku",
    title="Haiku",
    before="import haiku as hk\n\nlayer = ",
    write=write,
    layout=LAYOUT,
    parameters=(Parameters("haiku", "w", "b", conv=KernelLayout(), conv_transpose=LAYOUT),),
    modules=("hk",),
    signatures=(*numbered(_NUMBERED, "hk.Conv{n}DTranspose"), _LAYER),
)
