"""The transposed convolution that the subcommands take: by its numbers, or in a framework's words."""

import argparse
from typing import Any

from jtconv._explain.explain import Explanation, explain, explain_from
from jtconv._frameworks import registry
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import PADDING_NAMES
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv.cli._errors import in_call, in_options

_DEFAULTS = {"strides": [1], "padding": ["VALID"], "dilation": [1], "groups": 1, "padding_mode": "zeros"}
_SIZES = ("input_size", "kernel_size", "output_padding", "output_size")


def add_layer(parser: argparse.ArgumentParser) -> None:
    """Add options with the names of `jtconv.conv_transpose`'s arguments, and `--from`."""
    layer = parser.add_argument_group(
        "the transposed convolution",
        "Each option takes one value for all spatial axes, or one per axis. All but the first describe the convolution "
        "that it transposes, as in jtconv.conv_transpose.",
    )
    layer.add_argument(
        "--input-size",
        type=whole,
        nargs="+",
        metavar="O",
        help="spatial size of its input, in every command; channels and batch are not part of it",
    )
    layer.add_argument("--kernel-size", type=whole, nargs="+", metavar="K", help="taps of the kernel")
    layer.add_argument("--strides", type=whole, nargs="+", metavar="S", help="default: 1")
    layer.add_argument(
        "--padding",
        nargs="+",
        metavar="P",
        help=f"{', '.join(PADDING_NAMES)}, or an int, or LO,HI (negative crops; write --padding=-1,2 where the "
        "first is negative). Default: VALID",
    )
    size = layer.add_mutually_exclusive_group()
    size.add_argument(
        "--output-padding",
        type=whole,
        nargs="+",
        metavar="A",
        help="which of several possible result sizes; default: 0",
    )
    size.add_argument("--output-size", type=whole, nargs="+", metavar="I", help="that size itself, in its place")
    layer.add_argument("--dilation", type=whole, nargs="+", metavar="D", help="spacing of the taps; default: 1")
    layer.add_argument("--groups", type=whole, metavar="G", help="independent blocks of channels; default: 1")
    layer.add_argument("--padding-mode", choices=PADDING_MODES, help="default: zeros")
    layer.add_argument(
        "--from",
        dest="call",
        nargs=2,
        metavar=("FRAMEWORK", "CALL"),
        help=f"in place of all but --input-size, the layer in the words of {', '.join(registry.names())}, such as "
        '--from torch "ConvTranspose2d(64, 32, 4, stride=2)"; --kernel-size is then for functions that take the '
        "kernel as an array",
    )
    parser.set_defaults(**_DEFAULTS, channels=None, no_bias=False)


def whole(text: str) -> int:
    """An option's value as an int."""
    try:
        return int(text)
    except ValueError:
        rule = "must be an int, such as 2, or several with spaces between, such as 2 3"
        raise argparse.ArgumentTypeError(f"{rule}; got {text!r}") from None


def add_channels(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add `--channels`, which means the same in every command."""
    told = "channels of the transposed convolution's input and of its result, groups included"
    parser.add_argument("--channels", type=whole, nargs=2, metavar=("IN", "OUT"), help=told + default)


def add_bias(parser: argparse.ArgumentParser) -> None:
    """Add `--no-bias`, for commands that show code."""
    parser.add_argument("--no-bias", action="store_true", help="the layer adds no bias; with --from, the call says so")


def is_given(arguments: argparse.Namespace) -> bool:
    """Whether any option describes a layer."""
    values = [getattr(arguments, name) for name in (*_SIZES, "call", "channels")]
    return any(value is not None for value in values) or bool(_described(arguments))


def explained(arguments: argparse.Namespace) -> Explanation:
    """Explain the requested layer."""
    in_ch, out_ch = arguments.channels or (None, None)
    if arguments.input_size is None:
        raise ValueError("a layer needs `--input-size`, the spatial size of its input, such as --input-size 7 7.")
    if arguments.call is not None:
        return _explained_call(arguments, in_ch, out_ch)
    if arguments.kernel_size is None:
        raise ValueError(
            "a layer needs `--kernel-size`, such as --kernel-size 4 4, or `--from` with a framework's call."
        )
    try:
        return _explained_options(arguments, in_ch, out_ch)
    except (TypeError, ValueError) as error:
        raise type(error)(in_options(str(error), arguments)) from None


def _explained_options(arguments: argparse.Namespace, in_ch: int | None, out_ch: int | None) -> Explanation:
    size, geometry = sizes_and_geometry(arguments)
    return explain(
        size,
        geometry.kernel_size,
        **geometry.arguments(),
        output_padding=one_or_more(arguments.output_padding),
        output_size=one_or_more(arguments.output_size),
        in_ch=in_ch,
        out_ch=out_ch,
        use_bias=not arguments.no_bias,
    )


def sizes_and_geometry(arguments: argparse.Namespace) -> tuple[tuple[int, ...], ConvGeometry]:
    """The input size and the geometry from the options, checked, with one value per axis."""
    axes = max(len(arguments.input_size), len(arguments.kernel_size))
    geometry = ConvGeometry(
        arg.per_axis("kernel_size", one_or_more(arguments.kernel_size), axes, minimum=1),
        strides=one_or_more(arguments.strides),
        padding=_padding(arguments.padding, axes),
        dilation=one_or_more(arguments.dilation),
        groups=arguments.groups,
        padding_mode=arguments.padding_mode,
    )
    return arg.per_axis("input_size", one_or_more(arguments.input_size), axes, minimum=1), geometry


def _explained_call(arguments: argparse.Namespace, in_ch: int | None, out_ch: int | None) -> Explanation:
    _check_nothing_else(arguments)
    framework, call = arguments.call
    try:
        return explain_from(
            framework,
            call,
            one_or_more(arguments.input_size),
            kernel_size=one_or_more(arguments.kernel_size),
            in_ch=in_ch,
            out_ch=out_ch,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f'--from {framework} "{call}": {in_call(str(error))}') from None


def _described(arguments: argparse.Namespace) -> list[str]:
    """Names of the options, other than sizes, that differ from their defaults."""
    return [name for name, default in _DEFAULTS.items() if getattr(arguments, name) != default]


def _check_nothing_else(arguments: argparse.Namespace) -> None:
    others = _described(arguments)
    others += [name for name in ("output_padding", "output_size") if getattr(arguments, name) is not None]
    others += ["no_bias"] * arguments.no_bias
    if others:
        names = ", ".join(f"`--{name.replace('_', '-')}`" for name in others)
        raise ValueError(f"{names} must not stand beside `--from`, whose call says it in the framework's own words.")


def one_or_more(values: list[int] | None) -> Any:
    """A single value for all axes, or one value per axis; None where the option is not given."""
    return None if values is None else values[0] if len(values) == 1 else tuple(values)


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
