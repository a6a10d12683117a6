"""The options that describe a layer, shared by the subcommands."""

import argparse
from typing import Any

from jtconv._arguments import PADDING_MODES, PADDING_NAMES


def add_layer(parser: argparse.ArgumentParser, *, size_required: bool) -> None:
    """Options named as the arguments of `jtconv.conv`, each taking one value or one per axis."""
    layer = parser.add_argument_group("layer", "one value serves all axes; or give one per spatial axis")
    layer.add_argument("--input-size", type=int, nargs="+", metavar="I", required=size_required)
    layer.add_argument("--kernel-size", type=int, nargs="+", metavar="K", required=size_required)
    layer.add_argument("--strides", type=int, nargs="+", default=[1], metavar="S")
    layer.add_argument(
        "--padding",
        nargs="+",
        default=["VALID"],
        metavar="P",
        help=f"{', '.join(PADDING_NAMES)}, or an int, or LO,HI (negative crops; write --padding=-1,2 where the "
        "first is negative). Default: VALID",
    )
    layer.add_argument("--dilation", type=int, nargs="+", default=[1], metavar="D")
    layer.add_argument("--groups", type=int, default=1, metavar="G")
    layer.add_argument("--padding-mode", choices=PADDING_MODES, default="zeros")


def layer_arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """The geometry, as keyword arguments of `conv`; entries given once are repeated over the axes."""
    return {
        "strides": one_or_more(arguments.strides),
        "padding": _padding(arguments.padding),
        "dilation": one_or_more(arguments.dilation),
        "groups": arguments.groups,
        "padding_mode": arguments.padding_mode,
    }


def one_or_more(values: list[int]) -> int | tuple[int, ...]:
    return values[0] if len(values) == 1 else tuple(values)


def kernel_size(arguments: argparse.Namespace) -> tuple[int, ...]:
    """One entry per axis of `--input-size`."""
    if len(arguments.kernel_size) == 1:
        return (arguments.kernel_size[0],) * len(arguments.input_size)
    return tuple(arguments.kernel_size)


def _padding(tokens: list[str]) -> Any:
    if len(tokens) == 1 and tokens[0].upper() in PADDING_NAMES:
        return tokens[0].upper()
    entries = [_padding_entry(token) for token in tokens]
    return entries[0] if len(entries) == 1 and isinstance(entries[0], int) else entries


def _padding_entry(token: str) -> int | tuple[int, ...]:
    try:
        numbers = tuple(int(n) for n in token.split(","))
    except ValueError:
        raise ValueError(
            f"`--padding` takes {', '.join(PADDING_NAMES)}, an int, or LO,HI per axis, got {token!r}."
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers
