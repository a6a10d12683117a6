"""`equinox.nn.ConvTranspose`, as of equinox 0.13: every argument describes the convolution."""

from collections.abc import Sequence
from typing import Any

from jtconv import _arguments as arg
from jtconv._arguments import Pads
from jtconv._dialects._sized_layers import sized_layer
from jtconv._sized import SizedGeometry
from jtconv._sizes import effective_kernel_size

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
) -> SizedGeometry:
    """The convolution whose transpose equinox's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = arg.per_axis("stride", stride, ndim, minimum=1)
    dilation = arg.per_axis("dilation", dilation, ndim, minimum=1)
    extra = _output_padding(output_padding, strides)
    rule = _rule(padding, ndim)
    mode = _mode(padding_mode, rule, extra)
    sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    if isinstance(rule, str):
        axes = zip(sizes, strides, extra, strict=True)
        pads = [(0, -a) if rule == "VALID" else _same(k, s, a, rule == "SAME_LOWER") for k, s, a in axes]
    else:
        pads = [(lo, hi - a) for (lo, hi), a in zip(rule, extra, strict=True)]
    _check_room(y_size, sizes, strides, pads)
    return sized_layer(
        y_size, kernel_size, strides=strides, pads=pads, dilation=dilation, groups=groups, padding_mode=mode
    )


def _same(k: int, s: int, a: int, lower: bool) -> Pads:
    """Result of s·o - a positions; `k` is the effective kernel size."""
    total = max(k - s + a, 0)
    lo = (total + lower) // 2
    return lo, k - s + a - lo


def _output_padding(value: Any, strides: Sequence[int]) -> tuple[int, ...]:
    entries = arg.per_axis("output_padding", value, len(strides))
    if any(a >= s for a, s in zip(entries, strides, strict=True)):
        raise ValueError(
            f"`output_padding` must be smaller than `stride` {tuple(strides)} on each axis, got {value!r}."
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


def _check_room(y_size: Sequence[int], sizes: Sequence[int], strides: Sequence[int], pads: Sequence[Pads]) -> None:
    for axis, (o, k, s, (lo, hi)) in enumerate(zip(y_size, sizes, strides, pads, strict=True)):
        if s * (o - 1) + k - lo - hi < 1:
            raise ValueError(
                f"`padding` leaves no output on spatial axis {axis}: s(o - 1) + d(k - 1) + 1 - lo - (hi - a) = "
                f"{s}·{o - 1} + {k} - ({lo}) - ({hi}) must be at least 1. Pad less."
            )
