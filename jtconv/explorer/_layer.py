"""The layer that the page shows, and its arithmetic. The page runs what takes `values`, too, as JavaScript.

`values` has a layer's values by the keys of `FIELDS`; the layer may be impossible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jtconv._frameworks.layer import Layer
from jtconv._frameworks.registry import Equivalent, equivalents
from jtconv._geometry import arguments as arg
from jtconv._geometry.geometry import COUNTED_DOWN, ConvGeometry
from jtconv._geometry.possible import nearest_possible
from jtconv._geometry.spec import ConvSpec
from jtconv.explorer._link import to_link


@dataclass(frozen=True)
class ExploredLayer:
    """A layer to be shown: Cᵀ applied to y of `input_size`.

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
    def values(self) -> dict[str, Any]:
        """The layer's values by the keys of `FIELDS`."""
        geometry = self.geometry
        return {
            "y": self.input_size,
            "k": geometry.kernel_size,
            "s": geometry.strides,
            "p": geometry.padding,
            "d": geometry.dilation,
            "a": self.output_padding,
            "g": geometry.groups,
            "mode": geometry.padding_mode,
            "channels": self.channels,
            "bias": self.use_bias,
        }

    @property
    def link(self) -> str:
        """The layer in the page's address: "y=3,3&k=4&s=2&p=1"."""
        return to_link(self.values)


def geometry_of(values: Mapping[str, Any]) -> ConvGeometry:
    """Return the convolution."""
    return ConvGeometry(
        values["k"],
        strides=values["s"],
        padding=values["p"],
        dilation=values["d"],
        groups=values["g"],
        padding_mode=values["mode"],
    )


def spec_of(values: Mapping[str, Any]) -> ConvSpec:
    """Return the convolution with all sizes and padding; raises ValueError for an impossible layer."""
    geometry = geometry_of(values)
    x_size = geometry.transpose_output_size(values["y"], output_padding=values["a"])
    for name, count in zip(("in_ch", "out_ch"), values["channels"], strict=True):
        arg.channels(name, count, geometry.groups)
    return geometry.at(x_size)


def size_ranges(values: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return per axis the smallest and the largest size of x that C maps to y's."""
    return geometry_of(values).input_size_range(values["y"])


def is_counted_down(values: Mapping[str, Any]) -> bool:
    """Tell whether output_padding counts down from s·o."""
    return values["p"] in COUNTED_DOWN


def nearest_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the possible layer next to this one."""
    near, a = nearest_possible(geometry_of(values), values["y"], values["a"])
    channels = tuple(next_multiple(count, near.groups) for count in values["channels"])
    return {**values, "p": near.padding, "a": a, "mode": near.padding_mode, "channels": channels}


def equivalents_of(values: Mapping[str, Any]) -> dict[str, Equivalent]:
    """Return the layer in every framework's words."""
    in_ch, out_ch = values["channels"]
    return equivalents(Layer(spec_of(values), in_ch, out_ch, values["bias"]))


def next_multiple(count: int, groups: int) -> int:
    """Return the next multiple of the groups."""
    return -(-count // groups) * groups


def _two(name: str, value: Sequence[int]) -> tuple[int, ...]:
    if not arg.is_sequence(value) or len(value) != 2:
        raise ValueError(f"`{name}` must be two ints, got {arg.shown(value)}.")
    return arg.per_axis(name, value, 2, minimum=1)
