"""`Layer`, which a framework writes as its own call, and the checks and sums that the writers share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._geometry.arguments import Pads
from jtconv._geometry.overlap import overlap_counts
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each


class Name(str):
    """A variable's name, written without quotes."""


def call(function: str, *args: Any, **kwargs: Any) -> str:
    """Return `function(args, kwargs)` as text."""
    parts = [*map(code, args), *(f"{name}={code(value)}" for name, value in kwargs.items())]
    return f"{function}({', '.join(parts)})"


def code(value: Any) -> str:
    """Return ints, strings, bools, None or a sequence of these as a literal."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(code, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(code, value))}{',' * (len(value) == 1)})"
    return repr(value)


def given(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """Return the arguments, given as name=(value, default), that differ from their default."""
    return {name: value for name, (value, default) in arguments.items() if value != default}


def with_bias(text: str, use_bias: bool) -> str:
    """Return a function's call, with the bias that it does not add itself."""
    return f"{text} + bias" if use_bias else text


IN_CH, OUT_CH = Name("in_ch"), Name("out_ch")


class NoEquivalent(ValueError):
    """A framework has no words for a layer; the message says why."""


@dataclass(frozen=True)
class Layer:
    """A transposed convolution from y to x with all that a framework asks for.

    `spec` is C, from x to y; `in_ch` are the channels of y and `out_ch` those of x.
    """

    spec: ConvSpec
    in_ch: int | Name = IN_CH
    out_ch: int | Name = OUT_CH
    use_bias: bool = True

    @property
    def ndim(self) -> int:
        return self.spec.ndim

    @property
    def is_empty(self) -> bool:
        """Whether nothing that y contributes lands in x."""
        return not all(any(overlap_counts(self.spec, axis)) for axis in range(self.ndim))

    @property
    def whole_pads(self) -> tuple[Pads, ...]:
        """(lo, hi) per axis of the same layer with output_padding 0: hi is lower by it."""
        return tuple(whole_pads(self.spec))

    def pads_and_output_padding(self) -> tuple[tuple[Pads, ...], tuple[int, ...]]:
        """Return padding and output_padding in [0, s): alike on both sides if possible, else with few crops."""
        both = [_split(lo, hi, s) for (lo, hi), s in zip(self.whole_pads, self.spec.strides, strict=True)]
        return tuple(pads for pads, _ in both), tuple(a for _, a in both)

    def axis(self, axis: int) -> "Layer":
        """Return the layer on one axis alone."""
        names = ("input_size", "output_size", "kernel_size", "strides", "pads", "dilation")
        one = {name: (getattr(self.spec, name)[axis],) for name in names}
        return replace(self, spec=replace(self.spec, **one))

    def is_read_by(self, read: Callable[..., ConvSpec], **arguments: Any) -> bool:
        """Return whether a framework's arguments describe exactly this layer."""
        try:
            theirs = read(self.spec.output_size, self.spec.kernel_size, **arguments)
        except ValueError:
            return False
        return essence(theirs) == essence(self.spec)

    def kernel_shape(self, layout: KernelLayout) -> tuple[int | str, ...]:
        """Return the shape of the kernel as a framework stores it."""
        first, second = (self.in_ch, self.out_ch) if layout.swapped else (self.out_ch, self.in_ch)
        if self.spec.groups > 1:
            first = f"{first} // {self.spec.groups}" if isinstance(first, Name) else first // self.spec.groups
        leading = (second, first)[: layout.leading]
        return (*leading, *self.spec.kernel_size, *(first, second)[: 2 - layout.leading])


def whole_pads(spec: ConvSpec) -> list[Pads]:
    """Return (lo, hi) per axis of the same layer whose windows read the padded input to its end."""
    axes = zip(spec.input_size, spec.output_size, spec.effective_kernel_size, spec.strides, spec.pads, strict=True)
    return [(lo, s * (o - 1) + reach - lo - i) for i, o, reach, s, (lo, _) in axes]


def essence(spec: ConvSpec) -> ConvSpec:
    """Return the spec in a form that two layers share exactly if they give the same numbers."""
    pads = whole_pads(spec)
    if PADDING_MODES[spec.padding_mode].wraps:  # only where the windows start matters, around the circle
        pads = [(lo % i, 0) for (lo, _), i in zip(pads, spec.input_size, strict=True)]
    return replace(spec, pads=tuple(pads))


def check_zeros(layer: Layer, name: str) -> None:
    """Refuse padding modes other than zeros."""
    if layer.spec.padding_mode != "zeros":
        raise NoEquivalent(f"{name} has no transpose of {layer.spec.padding_mode} padding")


def check_groups(layer: Layer, name: str) -> None:
    """Refuse groups."""
    if layer.spec.groups != 1:
        raise NoEquivalent(f"{name} has no groups")


def check_axes(layer: Layer, name: str) -> None:
    """Refuse all but 1 to 3 spatial axes."""
    if not 1 <= layer.ndim <= 3:
        raise NoEquivalent(f"{name} has layers of 1 to 3 spatial axes, not {layer.ndim}")


def no_such_crop(layer: Layer, rule: str, uncropped: str, *, block: Callable[[int, int], int]) -> NoEquivalent:
    """Make the error for a crop that a framework lacks; it names the layer to crop by hand, if there is one.

    `block(reach, stride)` is the number of positions that one position of y gives in the `uncropped` layer.
    """
    spec = layer.spec
    axes = zip(spec.output_size, spec.effective_kernel_size, spec.strides, strict=True)
    full = [s * (o - 1) + block(reach, s) for o, reach, s in axes]
    parts = [(lo, lo + x) for (lo, _), x in zip(layer.whole_pads, spec.input_size, strict=True)]
    reason = f"{rule}; this layer crops {pads_text(layer.whole_pads)} of the contributions"
    if all(lo >= 0 and end <= size for (lo, end), size in zip(parts, full, strict=True)):
        reason += f". With {uncropped}, take [{', '.join(f'{lo}:{end}' for lo, end in parts)}] of its result"
    return NoEquivalent(reason)


def pads_text(pads: Sequence[Pads]) -> str:
    """Return pads for a message: one pair if all axes have the same."""
    return str(pads[0]) if len(set(pads)) == 1 else ", ".join(map(str, pads))


def alike_or_pairs(pads: tuple[Pads, ...]) -> int | tuple[int, ...] | tuple[Pads, ...]:
    """Return padding as ints where both sides are alike on all axes, else as pairs."""
    return one_or_each([lo for lo, _ in pads]) if all(lo == hi for lo, hi in pads) else pads


def _split(lo: int, hi: int, s: int) -> tuple[Pads, int]:
    if lo >= 0 and 0 <= lo - hi < s:
        return (lo, lo), lo - hi
    a = min(max(-hi, 0), s - 1)
    return (lo, hi + a), a
