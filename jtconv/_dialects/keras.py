"""`keras.ops.conv_transpose`, as of Keras 3.15 on its JAX backend.

Both paddings pad the input with s - 1 zeros between its positions. In the result's size, K being the
effective kernel size d(k - 1) + 1: "valid" gives s(o - 1) + K + a, by default at least s·o; "same"
s·o, or s(o - 1) + K % 2 + a with `output_padding` a.
"""

from collections.abc import Sequence
from typing import Any

from jtconv._dialects._dilated_input import dilated_input_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec

STRIDES_OR_DILATION = "keras layers take either strides > 1 or dilation_rate > 1, not both"
DATA_FORMATS = ("channels_last", "channels_first")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> ConvSpec:
    """The convolution whose transpose keras's function with these arguments computes."""
    ndim = len(kernel_size)
    steps = arg.per_axis("strides", strides, ndim, minimum=1)
    dilation = arg.per_axis("dilation_rate", dilation_rate, ndim, minimum=1)
    rule = arg.one_of("padding", padding.lower() if isinstance(padding, str) else padding, ("valid", "same"))
    rests = (None,) * ndim if output_padding is None else arg.per_axis("output_padding", output_padding, ndim)
    reach = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    pads = [_pads(rule, k, s, a) for k, s, a in zip(reach, steps, rests, strict=True)]
    for axis, (o, s, k, pair, a) in enumerate(zip(y_size, steps, reach, pads, rests, strict=True)):
        _check_size(axis, s * (o - 1) + 2 - k + sum(pair), rule, a)
    return dilated_input_layer(y_size, kernel_size, strides=steps, pads=pads, dilation=dilation)


def read_layer(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> ConvSpec:
    """As `read`, of keras's layers, which refuse more than the function."""
    ndim = len(kernel_size)
    steps = arg.per_axis("strides", strides, ndim, minimum=1)
    dilation = arg.per_axis("dilation_rate", dilation_rate, ndim, minimum=1)
    if strided_and_dilated(steps, dilation):
        raise ValueError(f"{STRIDES_OR_DILATION}, got `strides` {strides} and `dilation_rate` {dilation_rate}.")
    if output_padding is not None:
        _check_rests(arg.per_axis("output_padding", output_padding, ndim), steps)
    return read(
        y_size,
        kernel_size,
        strides=strides,
        padding=padding,
        output_padding=output_padding,
        dilation_rate=dilation_rate,
    )


def strided_and_dilated(strides: Sequence[int], dilation_rate: Sequence[int]) -> bool:
    """What keras's layers refuse, be it on different axes."""
    return max(strides) > 1 and max(dilation_rate) > 1


def _check_rests(rests: Sequence[int], strides: Sequence[int]) -> None:
    for axis, (a, s) in enumerate(zip(rests, strides, strict=True)):
        if not 0 <= a < s:
            raise ValueError(
                f"`output_padding` of a keras layer must be in [0, strides), here [0, {s}), on spatial axis {axis}, "
                f"got {a}."
            )


def data_format(value: Any) -> str:
    """The one meant: "channels_last" where none is said."""
    if value is None:
        return DATA_FORMATS[0]
    return arg.one_of("data_format", value.lower() if isinstance(value, str) else value, DATA_FORMATS)


def _pads(padding: str, k: int, s: int, a: int | None) -> Pads:
    """What pads the dilated input; `k` is the effective kernel size."""
    if padding == "valid":
        return (k - 1, k - 1 + (max(s - k, 0) if a is None else a))
    total = s + k - 2 if a is None else k + k % 2 - 2 + a
    lo = min((total + 1) // 2, k - 1)
    return (lo, total - lo)


def _check_size(axis: int, size: int, padding: str, a: int | None) -> None:
    if size < 1:
        raise ValueError(
            f"`output_padding` {a} with `padding`={padding!r} leaves nothing on spatial axis {axis}: the result would "
            f"have {size} positions. Take a larger one, 0 ≤ output_padding < strides, or None."
        )
