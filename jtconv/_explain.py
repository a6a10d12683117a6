"""`explain`: the size arithmetic of one layer, with the numbers put in."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jtconv import _arguments as arg
from jtconv._arguments import Padding
from jtconv._geometry import ConvGeometry, geometry_on
from jtconv._sized import SizedGeometry


@dataclass(frozen=True)
class Explanation:
    """What `explain` says of a layer; prints as text.

    Attributes:
      geometry: the layer, in normal form.
      input_size: the size asked about.
      output_size: what the convolution makes of it; None where the kernel does not fit.
      transposed_size: what the transposed convolution makes of it.
      text: the arithmetic in words and numbers.
    """

    geometry: ConvGeometry
    input_size: tuple[int, ...]
    output_size: tuple[int, ...] | None
    transposed_size: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def explain(
    input_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Explanation:
    """The arithmetic of one layer: C and Cᵀ applied to something of `input_size`, and the overlaps.

    Args:
      input_size: spatial size of what goes into the layer, an int or one per axis. C and Cᵀ are
        both explained for it.
      kernel_size: taps, an int or one per axis.
      strides, padding, output_padding, dilation, groups, padding_mode: as in `conv_transpose`.

    Raises:
      TypeError, ValueError: as `conv_transpose`.

    >>> layer = explain((7, 7), 4, strides=2)
    >>> layer.output_size, layer.transposed_size
    ((2, 2), (16, 16))
    """
    geometry = geometry_on(
        input_size,
        kernel_size,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    sizes = arg.per_axis("input_size", input_size, geometry.ndim, minimum=1)
    up = geometry.transpose_output_size(sizes, output_padding=output_padding)
    transposed = geometry.at(up)
    try:
        forward = geometry.at(sizes)
        down, down_text = forward.output_size, _forward_text(geometry, forward)
    except ValueError as reason:
        down, down_text = None, f"C cannot take {_by(sizes)}: {reason}"
    parts = [
        _layer_text(geometry),
        down_text,
        _transposed_text(geometry, transposed),
        _overlap_text(transposed),
    ]
    return Explanation(geometry, sizes, down, up, "\n\n".join(parts))


def _layer_text(geometry: ConvGeometry) -> str:
    padding = geometry.padding if isinstance(geometry.padding, str) else _by_pairs(geometry.padding)
    return (
        f"kernel {_by(geometry.kernel_size)}   strides {_by(geometry.strides)}   padding {padding} "
        f"({geometry.padding_mode})   dilation {_by(geometry.dilation)}   groups {geometry.groups}"
    )


def _forward_text(geometry: ConvGeometry, sized: SizedGeometry) -> str:
    def line(axis: int) -> str:
        k, s, d = sized.kernel_size[axis], sized.strides[axis], sized.dilation[axis]
        i, (lo, hi) = sized.input_size[axis], sized.pads[axis]
        reach = i + lo + hi - d * (k - 1) - 1
        o = sized.output_size[axis]
        return (
            f"⌊({_sum(i, lo, hi)} - {d}·({k} - 1) - 1) / {s}⌋ + 1 = ⌊{reach} / {s}⌋ + 1 = {o}   {_unread(sized, axis)}"
        )

    return "\n".join(
        [
            f"The convolution C takes {_by(sized.input_size)} to {_by(sized.output_size)}:",
            "    ⌊(i + lo + hi - d(k - 1) - 1) / s⌋ + 1",
            *_axis_lines(sized.ndim, line),
            f"    Cᵀ leads back with output_padding {geometry.output_padding_for(sized.input_size)}.",
        ]
    )


def _transposed_text(geometry: ConvGeometry, sized: SizedGeometry) -> str:
    paddings = geometry.output_padding_for(sized.input_size)

    def line(axis: int) -> str:
        k, s, d = sized.kernel_size[axis], sized.strides[axis], sized.dilation[axis]
        o, (lo, hi) = sized.output_size[axis], sized.pads[axis]
        i, a = sized.input_size[axis], _signed(paddings[axis])
        if same:
            return f"{s}·{o} + {a} = {i}"
        return f"{s}·({o} - 1) + {d}·({k} - 1) + 1 - {_signed(lo)} - {_signed(hi)} + {a} = {i}"

    same = geometry.padding in ("SAME", "SAME_LOWER")
    formula = "s·o + a" if same else "s(o - 1) + d(k - 1) + 1 - lo - hi + a"
    return "\n".join(
        [
            f"The transposed convolution Cᵀ takes {_by(sized.output_size)} to {_by(sized.input_size)}:",
            f"    {formula}",
            *_axis_lines(sized.ndim, line),
            f"    C takes all sizes {_ranges(geometry, sized.output_size)} to {_by(sized.output_size)}; "
            "output_padding or output_size says which is meant.",
        ]
    )


def _overlap_text(sized: SizedGeometry) -> str:
    """How many contributions each position of Cᵀ y gets, axis by axis."""

    def line(axis: int) -> str:
        counts = overlap_counts(sized, axis)
        shown = " ".join(map(str, counts[:24])) + (" …" if len(counts) > 24 else "")
        k, s = sized.kernel_size[axis], sized.strides[axis]
        even = "even inside" if _is_even(sized, axis) else "uneven: a checkerboard, unless the kernel corrects it"
        return f"{shown}   (k = {k}, s = {s}: {even})"

    return "\n".join(["Contributions per position of the result:", *_axis_lines(sized.ndim, line)])


def overlap_counts(sized: SizedGeometry, axis: int) -> list[int]:
    """Contributions to each position of the result of Cᵀ on one axis."""
    source = sized.tap_source(axis)
    return np.bincount(source[source >= 0], minlength=sized.input_size[axis]).tolist()


def _is_even(sized: SizedGeometry, axis: int) -> bool:
    """Whether all positions away from the borders get equally many contributions."""
    s = sized.strides[axis]
    phase = sized.dilation[axis] * np.arange(sized.kernel_size[axis]) % s
    return len(set(np.bincount(phase, minlength=s))) == 1


def _axis_lines(ndim: int, line: Callable[[int], str]) -> list[str]:
    """A line per axis; one for all where they are the same."""
    lines = [line(axis) for axis in range(ndim)]
    if len(Counter(lines)) == 1:
        return [f"  = {lines[0]}" + ("   on each axis" if ndim > 1 else "")]
    return [f"  = {text}   on axis {axis}" for axis, text in enumerate(lines)]


def _ranges(geometry: ConvGeometry, output_size: tuple[int, ...]) -> str:
    pairs = geometry.input_size_range(output_size)
    texts = [f"{low}" if low == high else f"{low} to {high}" for low, high in pairs]
    return texts[0] if len(set(texts)) == 1 else " by ".join(f"({text})" for text in texts)


def _unread(sized: SizedGeometry, axis: int) -> str:
    """Which positions of the input no tap reads."""
    size = sized.input_size[axis]
    unread = sorted(set(range(size)) - set(sized.tap_source(axis).flat))
    if not unread:
        return "(every position is read)"
    if len(unread) == 1:
        return f"(position {unread[0]} of 0 to {size - 1} is not read)"
    shown = ", ".join(map(str, unread[:8])) + (", …" if len(unread) > 8 else "")
    return f"(positions {shown} of 0 to {size - 1} are not read)"


def _by(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes)) or "()"


def _by_pairs(pads: Sequence[tuple[int, int]]) -> str:
    return " × ".join(f"({lo}, {hi})" for lo, hi in pads)


def _sum(first: int, *others: int) -> str:
    return " + ".join([str(first), *map(_signed, others)])


def _signed(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"
