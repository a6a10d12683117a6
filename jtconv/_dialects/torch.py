"""`torch.nn.functional.conv_transpose1d` to `3d`, as of torch 2.13."""

from collections.abc import Sequence
from typing import Any

from jtconv._dialects._sized_layers import sized_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry import sizes
from jtconv._geometry.spec import ConvSpec


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
    """The convolution whose transpose torch's function with these arguments computes.

    `output_padding` may reach max(stride, dilation) - 1.
    """
    ndim = len(kernel_size)
    strides = repeated("stride", stride, ndim, minimum=1)
    dilations = repeated("dilation", dilation, ndim, minimum=1)
    paddings = repeated("padding", padding, ndim, minimum=0)
    rests = repeated("output_padding", output_padding, ndim, minimum=0)
    axes = zip(y_size, kernel_size, strides, paddings, dilations, rests, strict=True)
    for axis, (o, k, s, p, d, a) in enumerate(axes):
        _check_axis(axis, o, k, s, p, d, a)
    return sized_layer(
        y_size,
        kernel_size,
        strides=strides,
        pads=[(p, p) for p in paddings],
        dilation=dilations,
        output_padding=rests,
        groups=arg.at_least("groups", arg.integer("groups", groups), 1),
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
    """The `output_padding` with which the result has `output_size`: less than the stride, as for torch's modules."""
    ndim = len(y_size)
    targets = arg.per_axis("output_size", output_size, ndim)
    given = [
        repeated("kernel_size", kernel_size, ndim, minimum=1),
        repeated("stride", stride, ndim, minimum=1),
        repeated("padding", padding, ndim, minimum=0),
        repeated("dilation", dilation, ndim, minimum=1),
    ]
    rests = []
    for axis, (i, o, k, s, p, d) in enumerate(zip(targets, y_size, *given, strict=True)):
        least = sizes.transposed_size(o, k, s, (p, p), d, 0)
        if not least <= i < least + s:
            raise ValueError(
                f"`output_size` must be in [{least}, {least + s - 1}] on spatial axis {axis} (input {o}, kernel {k}, "
                f"stride {s}, padding {p}, dilation {d}), got {i}."
            )
        rests.append(i - least)
    return tuple(rests)


def repeated(name: str, value: Any, ndim: int, *, minimum: int) -> tuple[int, ...]:
    """An int, or a sequence of one, for all axes."""
    alone = arg.is_sequence(value) and len(value) == 1
    return arg.per_axis(name, value[0] if alone else value, ndim, minimum=minimum)


def _check_axis(axis: int, o: int, k: int, s: int, p: int, d: int, a: int) -> None:
    if a >= max(s, d):
        raise ValueError(
            f"`output_padding` must be smaller than the stride or the dilation, {s} and {d} on spatial axis {axis}, "
            f"got {a}."
        )
    size = sizes.transposed_size(o, k, s, (p, p), d, a)
    if size < 1:
        raise ValueError(
            f"`padding` {p} leaves an output of size {size} on spatial axis {axis}: (input - 1)·stride - 2·padding + "
            f"dilation·(kernel - 1) + output_padding + 1 = {o - 1}·{s} - 2·{p} + {d}·{k - 1} + {a} + 1 must be at "
            f"least 1. Pad less."
        )
