"""`paddle.nn.functional.conv1d_transpose` to `conv3d_transpose` and their layers, as of PaddlePaddle 3.3.

"SAME" pads by what a convolution of y itself would need, and sets the dilation to 1.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jtconv._frameworks.framework import Bound, Framework, Signature, channels, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, NoEquivalent, call, check_axes, check_zeros, given, pads_text
from jtconv._frameworks.reading import layer_spec, pairs
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import same_pads, transposed_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout(leading=2)  # (y_ch, x_ch // groups, *k), also for convolutions
DATA_FORMATS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}
PADDINGS = ("SAME", "VALID")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] | Sequence[Pads] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
    output_size: int | Sequence[int] | None = None,
    data_format: str | None = None,
) -> ConvSpec:
    """Return the convolution whose transpose Paddle's function with these arguments computes."""
    ndim = len(kernel_size)
    strides = arg.per_axis("stride", stride, ndim, minimum=1)
    dilations = arg.per_axis("dilation", dilation, ndim, minimum=1)
    rule = _padding(padding, ndim, data_format is not None and channels_last(data_format, ndim))
    if rule == "SAME":
        dilations = (1,) * ndim
    if isinstance(rule, str):
        axes = zip(y_size, kernel_size, strides, strict=True)
        rule = tuple(same_pads(o, k, s, 1, lower=False) if rule == "SAME" else (0, 0) for o, k, s in axes)
    least = [
        transposed_size(o, k, s, pads, d, 0)
        for o, k, s, pads, d in zip(y_size, kernel_size, strides, rule, dilations, strict=True)
    ]
    return layer_spec(
        y_size,
        kernel_size,
        strides=strides,
        pads=rule,
        dilation=dilations,
        output_padding=_output_padding(output_padding, output_size, strides, least),
        groups=arg.at_least("groups", arg.integer("groups", groups), 1),
    )


def channels_last(data_format: Any, ndim: int) -> bool:
    """Return whether the channels come last."""
    return arg.one_of("data_format", data_format, DATA_FORMATS[ndim]) == DATA_FORMATS[ndim][1]


def _padding(padding: Any, ndim: int, last: bool) -> str | tuple[Pads, ...]:
    """Return a name, or a (lo, hi) pair per spatial axis."""
    if isinstance(padding, str):
        return arg.one_of("padding", padding.upper(), PADDINGS)
    if not arg.is_sequence(padding) or len(padding) == ndim:
        each = tuple((p, p) for p in arg.per_axis("padding", padding, ndim, minimum=0))
    elif len(padding) == 2 * ndim and not arg.is_sequence(padding[0]):
        sides = arg.per_axis("padding", padding, 2 * ndim, minimum=0)
        each = tuple((sides[2 * axis], sides[2 * axis + 1]) for axis in range(ndim))
    else:
        every = pairs("padding", padding, ndim + 2, ("an int", f"{ndim} or {2 * ndim} ints", *PADDINGS))
        each, others = (every[1:-1], every[:1] + every[-1:]) if last else (every[2:], every[:2])
        if others != ((0, 0), (0, 0)) or min(map(min, each)) < 0:
            raise ValueError(f"`padding` must be (0, 0) for N and C and nowhere negative, got {arg.shown(padding)}.")
    return each


def _output_padding(given_padding: Any, output_size: Any, strides: Sequence[int], least: Sequence[int]) -> list[int]:
    """Return the output_padding per axis, as it is given or as `output_size` asks for it."""
    more = list(arg.per_axis("output_padding", given_padding, len(strides), minimum=0))
    if output_size is not None and any(more):
        raise ValueError(
            f"give `output_size` or `output_padding`, not both: got {arg.shown(output_size)} and {tuple(more)}."
        )
    if output_size is not None:
        sizes = arg.per_axis("output_size", output_size, len(strides))
        more = [size - low for size, low in zip(sizes, least, strict=True)]
    for axis, (a, s, low) in enumerate(zip(more, strides, least, strict=True)):
        if low + s - 1 < 1:
            raise ValueError(f"`padding` leaves {low} positions on spatial axis {axis}. Pad less.")
        if not 0 <= a < s or low + a < 1:
            name, value = ("output_padding", a) if output_size is None else ("output_size", low + a)
            raise ValueError(
                f"`{name}` must give a size in [{max(low, 1)}, {low + s - 1}] on spatial axis {axis}, the sizes that "
                f"the convolution maps to the input's, got {value}. With `padding` and `output_padding` 0 it has {low}."
            )
    return more


def write(layer: Layer) -> str:
    """Return the layer with explicit padding, which may not be negative, and output_padding."""
    check_zeros(layer, "paddle")
    check_axes(layer, "paddle")
    spec = layer.spec
    pads, output_padding = layer.pads_and_output_padding()
    alike = all(lo == hi for lo, hi in pads)
    options = given(
        stride=(one_or_each(spec.strides), 1),
        padding=(one_or_each([lo for lo, _ in pads]) if alike else [p for pair in pads for p in pair], 0),
        output_padding=(one_or_each(output_padding), 0),
        dilation=(one_or_each(spec.dilation), 1),
        groups=(spec.groups, 1),
    )
    if not layer.is_read_by(read, **options):
        raise NoEquivalent(
            f"paddle pads by 0 or more, and output_padding is smaller than the stride; this layer crops "
            f"{pads_text(layer.whole_pads)}"
        )
    bias = given(bias_attr=(None if layer.use_bias else False, None))
    name = f"paddle.nn.Conv{layer.ndim}DTranspose"
    return call(name, layer.in_ch, layer.out_ch, one_or_each(spec.kernel_size), **options, **bias)


def _with_bias_told(bound: Bound, ndim: int) -> tuple[Bound, int | None]:
    """Return the arguments with a bias unless `bias_attr` is False: None is Paddle's usual one."""
    bias = bound.get("bias_attr") is not False
    return {**bound, "bias_attr": bias}, channels("out_channels", bound.get("out_channels"))


_LAYER = Signature(
    "",
    "in_channels out_channels kernel_size stride padding output_padding dilation groups weight_attr bias_attr "
    "data_format",
    read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    bias="bias_attr",
    required=("kernel_size",),
    narrowed=_with_bias_told,
)
_FUNCTION = Signature(
    "",
    "x weight bias stride padding output_padding dilation groups output_size data_format name",
    read,
    bias="bias",
    has_bias=False,
)


def _numbered(signature: Signature, pattern: str, groups_first: tuple[int, ...]) -> list[Signature]:
    """Return one for each number of axes; some take the groups before the dilation."""
    swapped = signature.parameters.replace("dilation groups", "groups dilation")
    every = numbered(signature, pattern)
    return [replace(each, parameters=swapped) if each.ndim in groups_first else each for each in every]


FRAMEWORK = Framework(
    name="paddle",
    title="PaddlePaddle",
    before="import paddle\n\nlayer = ",
    write=write,
    layout=LAYOUT,
    parameters=(Parameters("paddle", "weight", "bias", conv=LAYOUT, conv_transpose=LAYOUT),),
    signatures=(
        *_numbered(_LAYER, "paddle.nn.Conv{n}DTranspose", groups_first=(1,)),
        *_numbered(_FUNCTION, "paddle.nn.functional.conv{n}d_transpose", groups_first=(1, 3)),
    ),
)
