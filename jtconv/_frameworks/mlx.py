"""`mlx.core.conv_transpose1d` to `3d` and `mlx.nn.ConvTranspose1d` to `3d`, as of MLX 0.32.

`padding` p and `output_padding` a are what the convolution pads, (p, p - a), of either sign.
"""

from collections.abc import Sequence
from typing import Any

from jtconv._frameworks.framework import Framework, Signature, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, NoEquivalent, call, check_axes, check_zeros, given, no_such_crop
from jtconv._frameworks.reading import layer_spec
from jtconv._geometry import arguments as arg
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout(leading=1, swapped=True)  # (x_ch, *k, y_ch // groups); not reversed


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
) -> ConvSpec:
    """Return the convolution whose transpose MLX's function with these arguments computes."""
    ndim = len(kernel_size)
    strides = _each("stride", stride, ndim, minimum=1)
    dilations = _each("dilation", dilation, ndim, minimum=1)
    paddings = _each("padding", padding, ndim)
    output_paddings = _each("output_padding", output_padding, ndim)
    if arg.at_least("groups", arg.integer("groups", groups), 1) > 1 and ndim > 2:
        raise ValueError(f"`groups` must be 1 with more than two spatial axes, got {groups}.")
    pads = []
    for axis, (o, k, s, d) in enumerate(zip(y_size, kernel_size, strides, dilations, strict=True)):
        reach = effective_kernel_size(k, d) - 1
        lo, hi = paddings[axis], paddings[axis] - output_paddings[axis]
        _check_room(axis, o, s, reach, lo, hi)
        pads.append((_cropped(lo, s, reach), _cropped(hi, s, reach)))
    return layer_spec(y_size, kernel_size, strides=strides, pads=pads, dilation=dilations, groups=groups)


def _each(name: str, value: Any, ndim: int, minimum: int | None = None) -> tuple[int, ...]:
    """Return one int per axis; on a single axis MLX takes an int only."""
    return arg.per_axis(name, arg.integer(name, value) if ndim == 1 else value, ndim, minimum=minimum)


def _cropped(pad: int, s: int, reach: int) -> int:
    """Return the crop of the result. Beyond the kernel's reach MLX drops positions of y, which are s of the result."""
    return pad if pad <= reach else reach + s * (pad - reach)


def _check_room(axis: int, o: int, s: int, reach: int, lo: int, hi: int) -> None:
    left = o - max(lo - reach, 0) - max(hi - reach, 0)
    size = s * (left - 1) + 1 + reach - min(lo, reach) - min(hi, reach)
    if left < 1 or size < 1:
        raise ValueError(
            f"`padding` {lo} and `output_padding` {lo - hi} leave no output on spatial axis {axis}: with input "
            f"{o}, stride {s} and a kernel of {reach + 1} positions the padding crops everything. Pad less."
        )


def write(layer: Layer) -> str:
    """Return the layer with its padding at the start, and as output_padding how much less there is at the end."""
    check_zeros(layer, "mlx")
    check_axes(layer, "mlx")
    spec, name = layer.spec, f"ConvTranspose{layer.ndim}d"
    if spec.groups != 1:
        raise NoEquivalent(f"mlx.nn.{name} has no groups; mlx.core.conv_transpose1d and 2d have")
    options = given(
        stride=(one_or_each(spec.strides), 1),
        padding=(one_or_each([lo for lo, _ in layer.whole_pads]), 0),
        dilation=(one_or_each(spec.dilation), 1),
        output_padding=(one_or_each([lo - hi for lo, hi in layer.whole_pads]), 0),
    )
    if not layer.is_read_by(read, **options):
        rule = "mlx crops at most dilation·(kernel - 1) positions on either side, then positions of its input"
        raise no_such_crop(layer, rule, "padding=0", block=lambda reach, stride: reach)
    bias = given(bias=(layer.use_bias, True))
    return call(f"mlx.nn.{name}", layer.in_ch, layer.out_ch, one_or_each(spec.kernel_size), **options, **bias)


_LAYER = Signature(
    "",
    "in_channels out_channels kernel_size stride padding dilation output_padding bias",
    read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    out_ch="out_channels",
    bias="bias",
    required=("kernel_size",),
)
_FUNCTION = Signature("", "input weight stride padding dilation output_padding groups * stream", read)
FRAMEWORK = Framework(
    name="mlx",
    title="MLX",
    before="import mlx.nn\n\nlayer = ",
    write=write,
    layout=LAYOUT,
    parameters=(Parameters("mlx", "weight", "bias", conv=KernelLayout(leading=1), conv_transpose=LAYOUT),),
    modules=("mx",),
    signatures=(*numbered(_LAYER, "mlx.nn.ConvTranspose{n}d"), *numbered(_FUNCTION, "mlx.core.conv_transpose{n}d")),
)
