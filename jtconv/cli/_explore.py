"""`jtconv explore`: one self-contained HTML page that shows a layer in both directions."""

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from jtconv._explain.explain import Explanation
from jtconv._geometry import arguments as arg
from jtconv.cli._layer import add_bias, add_channels, add_layer, explained, is_given, one_or_more, sizes_and_geometry
from jtconv.explorer import LARGEST, ExploredLayer, page
from jtconv.explorer._fields import FIELDS, Field
from jtconv.explorer._layer import nearest_of, next_multiple


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
    add_layer(parser)
    add_channels(parser)
    add_bias(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        default=Path("explorer.html"),
        help="default: explorer.html; folders that are not there are made",
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and open it."""
    layer = _asked_for(arguments)
    try:
        _make_folder(arguments.out.parent)
        arguments.out.write_text(page(layer.link if layer else ""), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--out {arguments.out}: cannot be written: {error.strerror}.") from None
    print(f"{arguments.out}: open it in a browser" + (f"; it begins with #{layer.link}" if layer else ""))
    if arguments.open and not webbrowser.open(arguments.out.resolve().as_uri()):
        raise ValueError(f"--open: there is no browser to show {arguments.out}. Open it by hand, or leave --open out.")
    return 0


def _make_folder(folder: Path) -> None:
    """Make a folder that is not there, and say so: its name may be a slip."""
    if not folder.exists():
        folder.mkdir(parents=True)
        print(f"{folder}: made this folder")


def _asked_for(arguments: argparse.Namespace) -> ExploredLayer | None:
    """The requested layer, or None if no option describes one."""
    if not is_given(arguments):
        return None
    try:
        explanation = explained(arguments)
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
        (explanation.in_ch or next_multiple(64, groups), explanation.out_ch or next_multiple(32, groups)),
        explanation.use_bias,
    )


def _checked(layer: ExploredLayer) -> ExploredLayer:
    """Refuse numbers that the page does not take."""
    values = layer.values
    shown = [values[field.key] for field in FIELDS if field.kind in ("sliders", "padding")]
    largest = max(abs(number) for value in shown for number in _numbers(value))
    if largest > LARGEST:
        raise ValueError(
            f"`jtconv explore` takes numbers up to {LARGEST}, got {largest}. Ask for a smaller layer: the pattern "
            f"repeats; or use `jtconv explain`."
        )
    return layer


def _numbers(value: Any) -> list[int]:
    """Return all numbers of a number, or of nested tuples; none of a name."""
    if isinstance(value, str | int):
        return [] if isinstance(value, str) else [value]
    return [number for entry in value for number in _numbers(entry)]


def _instead(arguments: argparse.Namespace) -> str:
    """Options of the nearest possible layer, if the requested one is impossible; empty for any other error."""
    if arguments.call is not None or arguments.input_size is None or arguments.kernel_size is None:
        return ""
    try:
        size, geometry = sizes_and_geometry(arguments)
        a = arg.per_axis("output_padding", one_or_more(arguments.output_padding or [0]), geometry.ndim)
        channels = arguments.channels or (1, 1)
        values = ExploredLayer(geometry, size, a, channels, not arguments.no_bias).values
    except (TypeError, ValueError):  # no layer, or a wrong number of values per axis
        return ""
    near = nearest_of(values)
    options = [_option(field, near[field.key]) for field in FIELDS if field.key != "channels" or arguments.channels]
    return "\nThe nearest possible layer: " + " ".join(["jtconv explore", *filter(None, options)])


def _option(field: Field, value: Any) -> str:
    """Return a value as an option; nothing where it is usual."""
    name = f"--{field.option}"
    if field.kind == "check":
        return "" if value else name
    if field.kind == "padding" and not isinstance(value, str):
        pairs = [f"{lo},{hi}" for lo, hi in value]
        return f"{name}={pairs[0]}" if len(set(pairs)) == 1 else f"{name} {' '.join(pairs)}"
    texts = list(map(str, value)) if isinstance(value, tuple) else [str(value)]
    return "" if set(texts) <= {field.usual, "VALID"} else f"{name} {' '.join(texts)}"
