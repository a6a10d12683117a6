"""`jtconv explore`: one self-contained HTML page that shows a layer in both directions."""

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from jtconv._explain.explain import Explanation
from jtconv._geometry import arguments as arg
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.possible import nearest_possible
from jtconv.cli._explained import add_explained, explained
from jtconv.cli._layer import GivenLayer, described, given_layer, one_or_more
from jtconv.explorer import LARGEST, ExploredLayer, page


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explore",
        help="write a page that shows a layer in both directions, cell by cell",
        description="Write a page of HTML that shows a convolution and its transpose cell by cell, with sliders for "
        "every argument, both matrices, overlaps, sizes, and code for every framework. It loads nothing. The page "
        "starts with the given layer, which may also be given in a framework's words.",
        epilog="Examples: jtconv explore --open; jtconv explore --input-size 4 4 --kernel-size 4 --strides 2 "
        "--padding 1 --out layer.html",
    )
    add_explained(parser)
    parser.add_argument("--no-bias", action="store_true", help="the layer adds no bias; with --from, the call says so")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", default=Path("explorer.html"), help="default: explorer.html"
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and open it."""
    layer = _asked_for(arguments)
    try:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(page(layer.link if layer else ""), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--out {arguments.out}: cannot be written: {error.strerror}.") from None
    print(f"{arguments.out}: open it in a browser" + (f"; it begins with #{layer.link}" if layer else ""))
    if arguments.open and not webbrowser.open(arguments.out.resolve().as_uri()):
        raise ValueError(f"--open: there is no browser to show {arguments.out}. Open it by hand, or leave --open out.")
    return 0


def _asked_for(arguments: argparse.Namespace) -> ExploredLayer | None:
    """The requested layer, or None if no option describes one."""
    given = [arguments.input_size, arguments.kernel_size, arguments.call, arguments.channels, arguments.output_padding]
    if all(value is None for value in given) and not described(arguments):
        return None
    if arguments.no_bias and arguments.call is not None:
        raise ValueError("`--no-bias` must not stand beside `--from`, whose call says it in the framework's own words.")
    try:
        explanation = explained(arguments, use_bias=not arguments.no_bias)
    except ValueError as error:
        raise ValueError(f"{error}{_instead(arguments)}") from None
    return _checked(_explored(explanation))


def _explored(explanation: Explanation) -> ExploredLayer:
    ndim = explanation.geometry.ndim
    if ndim not in (1, 2):
        raise ValueError(
            f"`jtconv explore` shows 1 or 2 spatial axes, got {ndim}. Leave the others out, or use `jtconv explain`."
        )
    groups = explanation.geometry.groups
    return ExploredLayer(
        explanation.geometry,
        explanation.input_size,
        explanation.output_padding,
        (explanation.in_ch or _multiple(64, groups), explanation.out_ch or _multiple(32, groups)),
        explanation.use_bias,
    )


def _checked(layer: ExploredLayer) -> ExploredLayer:
    """Check that the page can show the layer."""
    padding = [] if isinstance(layer.geometry.padding, str) else [p for pair in layer.geometry.padding for p in pair]
    sizes = (*layer.input_size, *layer.geometry.kernel_size, *layer.geometry.strides, *layer.geometry.dilation)
    largest = max(map(abs, (*sizes, *padding, *layer.output_padding, layer.geometry.groups)))
    if largest > LARGEST:
        raise ValueError(
            f"`jtconv explore` takes numbers up to {LARGEST}, got {largest}. Ask for a smaller layer: the pattern "
            f"repeats; or use `jtconv explain`."
        )
    return layer


def _instead(arguments: argparse.Namespace) -> str:
    """Options of the nearest possible layer, if the requested one is impossible; empty for any other error."""
    if arguments.call is not None or arguments.input_size is None or arguments.kernel_size is None:
        return ""
    try:
        layer = given_layer(arguments)
        a = arg.per_axis("output_padding", one_or_more(arguments.output_padding or [0]), layer.geometry.ndim)
    except (TypeError, ValueError):  # no layer, or a wrong number of values per axis
        return ""
    near, near_a = nearest_possible(layer.geometry, layer.input_size, a)
    groups = near.groups
    channels = arguments.channels and [_multiple(count, groups) for count in arguments.channels]
    options = _options(GivenLayer(layer.input_size, near), near_a, channels)
    return f"\nThe nearest possible layer: jtconv explore {options}"


def _options(layer: GivenLayer, a: tuple[int, ...], channels: list[int] | None) -> str:
    geometry = layer.geometry
    usual = ConvGeometry(geometry.kernel_size)
    options = {"input-size": layer.input_size, "kernel-size": geometry.kernel_size}
    for name in ("strides", "dilation"):
        if getattr(geometry, name) != getattr(usual, name):
            options[name] = getattr(geometry, name)
    parts = [f"--{name} {' '.join(map(str, values))}" for name, values in options.items()]
    if isinstance(geometry.padding, str):
        parts += [f"--padding {geometry.padding}"] * (geometry.padding != "VALID")
    else:
        pairs = [f"{lo},{hi}" for lo, hi in geometry.padding]
        parts.append(f"--padding={pairs[0]}" if len(set(pairs)) == 1 else f"--padding {' '.join(pairs)}")
    parts += [f"--groups {geometry.groups}"] * (geometry.groups != 1)
    parts += [f"--padding-mode {geometry.padding_mode}"] * (geometry.padding_mode != "zeros")
    parts += ["--output-padding " + " ".join(map(str, a))] * any(a)
    parts += [f"--channels {channels[0]} {channels[1]}"] if channels else []
    return " ".join(parts)


def _multiple(count: int, groups: int) -> int:
    """`count`, rounded up to a multiple of `groups`."""
    return -(-count // groups) * groups
