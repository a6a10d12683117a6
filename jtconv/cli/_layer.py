"""Options that describe a layer, shared by the subcommands."""

import argparse
from typing import Any, NamedTuple

from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import PADDING_NAMES
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES

_DEFAULTS = {"strides": [1], "padding": ["VALID"], "dilation": [1], "groups": 1, "padding_mode": "zeros"}


class GivenLayer(NamedTuple):
    """A layer from the options, checked, with one value per axis."""

    input_size: tuple[int, ...]
    geometry: ConvGeometry


def add_layer(parser: argparse.ArgumentParser, *, size_required: bool) -> None:
    """Add options with the names of `jtconv.conv`'s arguments; each takes one value or one per axis."""
    layer = parser.add_argument_group("layer", "one value serves all axes; or give one per spatial axis")
    layer.add_argument("--input-size", type=int, nargs="+", metavar="I", required=size_required)
    layer.add_argument("--kernel-size", type=int, nargs="+", metavar="K", required=size_required)
    layer.add_argument("--strides", type=int, nargs="+", metavar="S")
    layer.add_argument(
        "--padding",
        nargs="+",
        metavar="P",
        help=f"{', '.join(PADDING_NAMES)}, or an int, or LO,HI (negative crops; write --padding=-1,2 where the "
        "first is negative). Default: VALID",
    )
    layer.add_argument("--dilation", type=int, nargs="+", metavar="D")
    layer.add_argument("--groups", type=int, metavar="G")
    layer.add_argument("--padding-mode", choices=PADDING_MODES)
    parser.set_defaults(**_DEFAULTS)


def given_layer(arguments: argparse.Namespace) -> GivenLayer:
    """The layer; a single value is repeated for all axes."""
    axes = max(len(arguments.input_size), len(arguments.kernel_size))
    geometry = ConvGeometry(
        arg.per_axis("--kernel-size", one_or_more(arguments.kernel_size), axes, minimum=1),
        strides=one_or_more(arguments.strides),
        padding=_padding(arguments.padding, axes),
        dilation=one_or_more(arguments.dilation),
        groups=arguments.groups,
        padding_mode=arguments.padding_mode,
    )
    return GivenLayer(arg.per_axis("--input-size", one_or_more(arguments.input_size), axes, minimum=1), geometry)


def is_given(arguments: argparse.Namespace) -> bool:
    """Whether the options describe a layer; an incomplete description is refused."""
    given = [arguments.input_size is not None, arguments.kernel_size is not None]
    if all(given):
        return True
    if any(given) or described(arguments):
        raise ValueError(
            "a layer needs both `--input-size` and `--kernel-size`; without options, the built-in ones run."
        )
    return False


def described(arguments: argparse.Namespace) -> list[str]:
    """Names of the options, other than sizes, that differ from their defaults."""
    return [name for name, default in _DEFAULTS.items() if getattr(arguments, name) != default]


def one_or_more(values: list[int]) -> int | tuple[int, ...]:
    """A single value for all axes, or one value per axis."""
    return values[0] if len(values) == 1 else tuple(values)


def _padding(tokens: list[str], axes: int) -> Any:
    if len(tokens) == 1 and tokens[0].upper() in PADDING_NAMES:
        return tokens[0].upper()
    entries = [_padding_entry(token) for token in tokens]
    return entries * axes if len(entries) == 1 else entries


def _padding_entry(token: str) -> int | tuple[int, ...]:
    try:
        numbers = tuple(int(n) for n in token.split(","))
    except ValueError:
        raise ValueError(
            f"`--padding` takes {', '.join(PADDING_NAMES)}, an int, or LO,HI per axis, got {token!r}."
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers
