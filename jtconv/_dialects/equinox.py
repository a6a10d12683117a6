"""`equinox.nn.ConvTranspose`, as of equinox 0.13: every argument describes the convolution."""

from collections.abc import Sequence
from typing import Any

from jtconv._dialects._sized_layers import sized_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec

_NAMES = ("SAME", "SAME_LOWER", "VALID")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] | Sequence[Pads] = 0,
    output_padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "ZEROS",
) -> ConvSpec:
    """The convolution whose transpose equinox's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = arg.per_axis("stride", stride, ndim, minimum=1)
    dilation = arg.per_axis("dilation", dilation, ndim, minimum=1)
    extra = _output_padding(output_padding, strides)
    rule = _rule(padding, ndim)
    mode = _mode(padding_mode, rule, extra)
    sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    axes = [_axis(rule, *values) for values in enumerate(zip(sizes, strides, extra, strict=True))]
    pads, rest = [pair for pair, _ in axes], [a for _, a in axes]
    _check_room(y_size, sizes, strides, pads, rest)
    return sized_layer(
        y_size,
        kernel_size,
        strides=strides,
        pads=pads,
        dilation=dilation,
        output_padding=rest,
        groups=groups,
        padding_mode=mode,
    )


def _axis(rule: str | tuple[Pads, ...], axis: int, values: tuple[int, int, int]) -> tuple[Pads, int]:
    """Padding and output_padding >= 0 on one axis, of effective kernel size, stride and output_padding."""
    k, s, a = values
    if rule in ("SAME", "SAME_LOWER"):  # s·o - a positions
        total = k - s + a
        lo = (max(total, 0) + (rule == "SAME_LOWER")) // 2
        return (lo, max(total, 0) - lo), max(-total, 0)
    lo, hi = (0, 0) if isinstance(rule, str) else rule[axis]
    return (lo, hi - min(a, 0)), max(a, 0)


def _output_padding(value: Any, strides: Sequence[int]) -> tuple[int, ...]:
    entries = arg.per_axis("output_padding", value, len(strides))
    if any(a >= s for a, s in zip(entries, strides, strict=True)):
        raise ValueError(
            f"`output_padding` must be smaller than `stride` {tuple(strides)} on each axis, got {arg.shown(value)}."
        )
    return entries


def _rule(padding: Any, ndim: int) -> str | tuple[Pads, ...]:
    if isinstance(padding, str):
        return arg.one_of("padding", padding.upper(), _NAMES)
    pads = arg.padding_rule(padding, ndim)
    assert not isinstance(pads, str)
    return pads


def _mode(padding_mode: Any, rule: str | tuple[Pads, ...], extra: Sequence[int]) -> str:
    upper = padding_mode.upper() if isinstance(padding_mode, str) else padding_mode
    mode = arg.one_of("padding_mode", upper, ("ZEROS", "CIRCULAR"))
    if mode == "CIRCULAR" and (rule not in ("SAME", "SAME_LOWER") or any(extra)):
        raise ValueError(
            f"`padding_mode`='CIRCULAR' must have `padding` 'SAME' or 'SAME_LOWER' and `output_padding` 0, got "
            f"{rule!r} and {tuple(extra)}. jtconv.conv_transpose(padding_mode='circular') takes every padding."
        )
    return mode.lower()


def _check_room(
    y_size: Sequence[int], sizes: Sequence[int], strides: Sequence[int], pads: Sequence[Pads], rest: Sequence[int]
) -> None:
    for axis, (o, k, s, (lo, hi), a) in enumerate(zip(y_size, sizes, strides, pads, rest, strict=True)):
        if s * (o - 1) + k - lo - hi + a < 1:
            raise ValueError(
                f"`padding` leaves no output on spatial axis {axis}: stride·(size - 1) + dilation·(k - 1) + 1 - lo "
                f"- hi + output_padding = {s}·{o - 1} + {k} - {lo} - {hi} + {a} must be at least 1. Pad less."
            )
