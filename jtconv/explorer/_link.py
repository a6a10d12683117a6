"""A layer as the part of the page's address after #: state.js reads and writes the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from jtconv._frameworks.python_code import one_or_each
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry

LARGEST = 512  # as in state.js
"""The largest number that the page's sliders and its address take."""
_USUAL = {"s": "1", "p": "0", "d": "1", "a": "0", "g": "1", "m": "zeros", "c": "64,32", "b": "1"}


@dataclass(frozen=True)
class ExploredLayer:
    """What the page shows: Cᵀ applied to y of `input_size`.

    Attributes:
      geometry: the convolution, of one or two spatial axes.
      input_size: spatial size of y.
      output_padding: per axis.
      channels: of y and of x.
      use_bias: whether the layer adds a bias.

    Raises TypeError, ValueError: naming the argument, the rule and the value.
    """

    geometry: ConvGeometry
    input_size: tuple[int, ...]
    output_padding: tuple[int, ...]
    channels: tuple[int, int] = (64, 32)
    use_bias: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.geometry, ConvGeometry):
            raise TypeError(f"`geometry` must be a jtconv.ConvGeometry, got {type(self.geometry).__name__}.")
        ndim = self.geometry.ndim
        if ndim not in (1, 2):
            raise ValueError(f"`geometry` must have one or two spatial axes, got {ndim}.")
        self._set("input_size", arg.per_axis("input_size", self.input_size, ndim, minimum=1))
        self._set("output_padding", arg.per_axis("output_padding", self.output_padding, ndim))
        self._set("channels", _two("channels", self.channels))
        self._set("use_bias", arg.truth("use_bias", self.use_bias))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def link(self) -> str:
        """ "y=3,3&k=4&s=2&p=1": numbers that are alike on all axes once, the usual ones left out."""
        geometry = self.geometry
        padding = geometry.padding
        parts = {
            "y": ",".join(map(str, self.input_size)),
            "k": _compressed(geometry.kernel_size),
            "s": _compressed(geometry.strides),
            "p": padding if isinstance(padding, str) else _compressed([_pair(pads) for pads in padding]),
            "d": _compressed(geometry.dilation),
            "a": _compressed(self.output_padding),
            "g": str(geometry.groups),
            "m": geometry.padding_mode,
            "c": ",".join(map(str, self.channels)),
            "b": str(int(self.use_bias)),
        }
        return "&".join(f"{name}={text}" for name, text in parts.items() if text != _USUAL.get(name))


def _two(name: str, value: Sequence[int]) -> tuple[int, ...]:
    if not arg.is_sequence(value) or len(value) != 2:
        raise ValueError(f"`{name}` must be two ints, got {arg.shown(value)}.")
    return arg.per_axis(name, value, 2, minimum=1)


def _compressed(values: Sequence[object]) -> str:
    one = one_or_each(values)
    return ",".join(map(str, one)) if isinstance(one, tuple) else str(one)


def _pair(pads: Pads) -> str:
    lo, hi = pads
    return str(lo) if lo == hi else f"{lo}:{hi}"
