"""Layers said as a stride-1 convolution of y with s - 1 zeros between its positions."""

from collections.abc import Sequence

from jtconv._dialects._sized_layers import sized_layer
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec


def dilated_input_layer(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    pads: Sequence[Pads],
    dilation: Sequence[int],
    groups: int = 1,
) -> ConvSpec:
    """The convolution whose transpose that is; `pads` are those of the dilated y, negative ones crop.

    What the stride-1 convolution pads by r, the convolution that is transposed pads by
    d(k - 1) - r.
    """
    reach = [effective_kernel_size(k, d) - 1 for k, d in zip(kernel_size, dilation, strict=True)]
    for axis, (o, s, r, (lo, hi)) in enumerate(zip(y_size, strides, reach, pads, strict=True)):
        _check(axis, s * (o - 1) + 1, r, lo, hi)
    return sized_layer(
        y_size,
        kernel_size,
        strides=strides,
        pads=[(r - lo, r - hi) for r, (lo, hi) in zip(reach, pads, strict=True)],
        dilation=dilation,
        groups=groups,
    )


def _check(axis: int, dilated: int, reach: int, lo: int, hi: int) -> None:
    """`dilated` is y's size with the zeros between, s(o - 1) + 1."""
    if dilated + lo + hi - reach < 1:
        raise ValueError(
            f"`padding` ({lo}, {hi}) leaves no output on spatial axis {axis}: s(o - 1) + 1 + lo + hi - d(k - 1) = "
            f"{dilated} + {lo} + {hi} - {reach} must be at least 1. Pad more: the pairs pad the dilated input, so "
            f"({reach}, {reach}) is what 'VALID' means."
        )
    if min(dilated + lo, dilated + hi) < 1:
        raise ValueError(
            f"`padding` ({lo}, {hi}) crops all {dilated} positions of the dilated input on spatial axis {axis}. "
            f"Crop less."
        )
