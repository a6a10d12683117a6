"""Shared by the readers: arguments with an entry per spatial axis, checked; and `ConvSpec` from numbers."""

from collections.abc import Sequence
from typing import Any

from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.sizes import effective_kernel_size, transposed_size
from jtconv._geometry.spec import ConvSpec


def repeated(name: str, value: Any, ndim: int, *, minimum: int) -> tuple[int, ...]:
    """Return one int per axis; an int, or a sequence of one, is repeated over all axes."""
    alone = arg.is_sequence(value) and len(value) == 1
    return arg.per_axis(name, value[0] if alone else value, ndim, minimum=minimum)


def ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Return the entries of a sequence of one int per axis; a single int is refused."""
    if not arg.is_sequence(value) or len(value) != ndim:
        error = ValueError if arg.is_sequence(value) else TypeError
        raise error(f"`{name}` must be a sequence of {ndim} ints, one per spatial axis, got {arg.shown(value)}.")
    return tuple(arg.integer(name, v) for v in value)


def positive_ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Return the entries as `ints` does, each at least 1."""
    return tuple(arg.at_least(name, v, 1) for v in ints(name, value, ndim))


def pairs(name: str, value: Any, ndim: int, names: Sequence[str] = ()) -> tuple[Pads, ...]:
    """Return one (lo, hi) pair per axis; `names` are the strings that the argument takes instead."""
    instead = "".join(f"{n!r}, " for n in names) + ("or " if names else "")
    fits = arg.is_sequence(value) and len(value) == ndim
    if not fits or not all(arg.is_sequence(pair) and len(pair) == 2 for pair in value):
        raise ValueError(
            f"`{name}` must be {instead}{ndim} (lo, hi) pairs, one per spatial axis, got {arg.shown(value)}."
        )
    return tuple((arg.integer(name, lo), arg.integer(name, hi)) for lo, hi in value)


def check_output_padding(axis: int, a: int, s: int, d: int) -> None:
    """Refuse an output_padding of the stride and the dilation or more, as torch, ONNX and Paddle do."""
    if a >= max(s, d):
        raise ValueError(
            f"`output_padding` must be smaller than the stride or the dilation, {s} and {d} on spatial axis {axis}, "
            f"got {a}."
        )


def layer_spec(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    pads: Sequence[Pads],
    dilation: Sequence[int],
    output_padding: Sequence[int] | None = None,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> ConvSpec:
    """Return the convolution with these arguments whose transpose takes y of `y_size` to x.

    Any `output_padding` >= 0 is taken as torch and ONNX take it: so many positions more at the end.
    From the stride on no convolution that pads by `pads` has such an input. One that pads by
    (lo, hi - a) does, and its numbers are the same.
    """
    more = [0] * len(y_size) if output_padding is None else list(output_padding)
    axes = zip(y_size, kernel_size, strides, pads, dilation, more, strict=True)
    for axis, (o, k, s, (lo, _), d, a) in enumerate(axes):
        if a >= s and lo >= transposed_size(o, k, s, (0, 0), d, 0):  # with less padding, all of x would be cropped
            raise ValueError(
                f"`output_padding` {a} with a padding of {lo} at the start leaves zeros alone on spatial axis {axis}: "
                f"the padding crops all that is computed. Pad less."
            )
    geometry = ConvGeometry(
        tuple(kernel_size),
        strides=tuple(strides),
        padding=tuple((lo, hi if a < s else hi - a) for (lo, hi), s, a in zip(pads, strides, more, strict=True)),
        dilation=tuple(dilation),
        groups=groups,
        padding_mode=padding_mode,
    )
    below_stride = tuple(a if a < s else 0 for s, a in zip(strides, more, strict=True))
    x_size = geometry.transpose_output_size(tuple(y_size), output_padding=below_stride)
    for axis, size in enumerate(x_size):
        if size >= arg.TOO_LARGE:  # said in the framework's words rather than ours
            raise ValueError(
                f"the result must have fewer than 2**31 positions on each axis, got {size:,} on spatial axis {axis} "
                f"with `strides` {tuple(strides)}."
            )
    return geometry.at(x_size)


def dilated_input_spec(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    pads: Sequence[Pads],
    dilation: Sequence[int],
) -> ConvSpec:
    """Return that convolution for a layer given as a stride-1 convolution of y with s - 1 zeros between positions.

    `pads` pad the dilated y, or crop it where they are negative. Where that convolution pads by p, the
    one that is transposed pads by d(k - 1) - p.
    """
    reach = [effective_kernel_size(k, d) - 1 for k, d in zip(kernel_size, dilation, strict=True)]
    for axis, (o, s, r, (lo, hi)) in enumerate(zip(y_size, strides, reach, pads, strict=True)):
        _check_dilated(axis, s * (o - 1) + 1, r, lo, hi)
    return layer_spec(
        y_size,
        kernel_size,
        strides=strides,
        pads=[(r - lo, r - hi) for r, (lo, hi) in zip(reach, pads, strict=True)],
        dilation=dilation,
    )


def _check_dilated(axis: int, size: int, reach: int, lo: int, hi: int) -> None:
    """Refuse padding that leaves nothing; `size` is that of the dilated y, s(o - 1) + 1."""
    if size + lo + hi - reach < 1:
        raise ValueError(
            f"`padding` ({lo}, {hi}) leaves no output on spatial axis {axis}: s(o - 1) + 1 + lo + hi - d(k - 1) = "
            f"{size} + {lo} + {hi} - {reach} must be at least 1. Pad more: the pairs pad the dilated input, so "
            f"({reach}, {reach}) is what 'VALID' means."
        )
    if min(size + lo, size + hi) < 1:
        raise ValueError(
            f"`padding` ({lo}, {hi}) crops all {size} positions of the dilated input on spatial axis {axis}. Crop less."
        )
