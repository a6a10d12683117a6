"""`torch.nn.functional.conv_transpose1d` to `3d` and `torch.nn.ConvTranspose1d` to `3d`, as of torch 2.13."""

from collections.abc import Sequence

from jtconv._frameworks.call_syntax import Call, Symbol, parse, source
from jtconv._frameworks.framework import Framework, Signature, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, call, check_axes, check_zeros, given, no_such_crop
from jtconv._frameworks.reading import check_output_padding, layer_spec, repeated
from jtconv._geometry import arguments as arg
from jtconv._geometry.sizes import transposed_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout(leading=2)  # (y_ch, x_ch // groups, *k), also for convolutions


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> ConvSpec:
    """Return the convolution whose transpose torch's function with these arguments computes.

    `output_padding` may reach max(stride, dilation) - 1.
    """
    ndim = len(kernel_size)
    strides = repeated("stride", stride, ndim, minimum=1)
    dilations = repeated("dilation", dilation, ndim, minimum=1)
    paddings = repeated("padding", padding, ndim, minimum=0)
    output_paddings = repeated("output_padding", output_padding, ndim, minimum=0)
    axes = zip(y_size, kernel_size, strides, paddings, dilations, output_paddings, strict=True)
    for axis, (o, k, s, p, d, a) in enumerate(axes):
        _check_axis(axis, o, k, s, p, d, a)
    return layer_spec(
        y_size,
        kernel_size,
        strides=strides,
        pads=[(p, p) for p in paddings],
        dilation=dilations,
        output_padding=output_paddings,
        groups=arg.at_least("groups", arg.integer("groups", groups), 1),
    )


def _check_axis(axis: int, o: int, k: int, s: int, p: int, d: int, a: int) -> None:
    check_output_padding(axis, a, s, d)
    size = transposed_size(o, k, s, (p, p), d, a)
    if size < 1:
        raise ValueError(
            f"`padding` {p} leaves an output of size {size} on spatial axis {axis}: (input - 1)·stride - 2·padding + "
            f"dilation·(kernel - 1) + output_padding + 1 = {o - 1}·{s} - 2·{p} + {d}·{k - 1} + {a} + 1 must be at "
            f"least 1. Pad less."
        )


def output_padding_for(
    y_size: Sequence[int],
    kernel_size: int | Sequence[int],
    output_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
) -> tuple[int, ...]:
    """Return the `output_padding` with which the result has `output_size`: below the stride, as for torch's modules."""
    ndim = len(y_size)
    targets = arg.per_axis("output_size", output_size, ndim)
    numbers = [
        repeated("kernel_size", kernel_size, ndim, minimum=1),
        repeated("stride", stride, ndim, minimum=1),
        repeated("padding", padding, ndim, minimum=0),
        repeated("dilation", dilation, ndim, minimum=1),
    ]
    found = []
    for axis, (i, o, k, s, p, d) in enumerate(zip(targets, y_size, *numbers, strict=True)):
        least = transposed_size(o, k, s, (p, p), d, 0)
        if not least <= i < least + s:
            raise ValueError(
                f"`output_size` must be in [{least}, {least + s - 1}] on spatial axis {axis} (input {o}, kernel {k}, "
                f"stride {s}, padding {p}, dilation {d}), got {i}."
            )
        found.append(i - least)
    return tuple(found)


def write(layer: Layer) -> str:
    """Return the layer with its padding alike on both sides, and the difference as output_padding."""
    check_zeros(layer, "torch")
    check_axes(layer, "torch")
    spec = layer.spec
    options = given(
        stride=(one_or_each(spec.strides), 1),
        padding=(one_or_each([lo for lo, _ in layer.whole_pads]), 0),
        output_padding=(one_or_each([lo - hi for lo, hi in layer.whole_pads]), 0),
        groups=(spec.groups, 1),
        dilation=(one_or_each(spec.dilation), 1),
    )
    if not layer.is_read_by(read, **options):
        raise no_such_crop(
            layer,
            "torch crops alike before and after, and up to max(stride, dilation) - 1 less at the end",
            "padding=0",
            block=lambda reach, stride: reach,
        )
    bias = given(bias=(layer.use_bias, True))
    name = f"torch.nn.ConvTranspose{layer.ndim}d"
    return call(name, layer.in_ch, layer.out_ch, one_or_each(spec.kernel_size), **options, **bias)


NORMALISATIONS = ("weight_norm", "spectral_norm")  # of torch.nn.utils and of its parametrizations


def without_normalisations(call: Call) -> Call:
    """Return the layer's call that stands within normalisations of its weight, which change no size."""
    while call.path[-1] in NORMALISATIONS:
        inner = call.args[0] if call.args else call.kwargs.get("module")
        if not isinstance(inner, Symbol):
            raise ValueError(f"`call` must have a layer in {call.path[-1]}(…), got {source(inner)}.")
        call = parse(inner.source)
    return call


_LAYER = Signature(
    "",
    "in_channels out_channels kernel_size stride padding output_padding groups bias dilation padding_mode device dtype",
    read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    out_ch="out_channels",
    bias="bias",
    required=("kernel_size",),
    fixed=(("padding_mode", "zeros"),),
)
_FUNCTION = Signature(
    "", "input weight bias stride padding output_padding groups dilation", read, bias="bias", has_bias=False
)
FRAMEWORK = Framework(
    name="torch",
    title="PyTorch",
    before="import torch\n\nlayer = ",
    write=write,
    layout=LAYOUT,
    normal=without_normalisations,
    parameters=(Parameters("torch", "weight", "bias", conv=LAYOUT, conv_transpose=LAYOUT),),
    signatures=(
        *numbered(_LAYER, "torch.nn.ConvTranspose{n}d"),
        *numbered(_FUNCTION, "torch.nn.functional.conv_transpose{n}d"),
    ),
)
