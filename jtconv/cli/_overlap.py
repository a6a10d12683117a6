"""`jtconv overlap`: draw the number of contributions to each position of the transposed convolution's result."""

import argparse
import shutil
from pathlib import Path
from typing import Any

from jtconv._explain.overlap_text import contributions
from jtconv.cli import _overlap_plot
from jtconv.cli._layer import add_layer, explained
from jtconv.cli._overlap_pattern import draw, plane_of


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "overlap",
        help="draw the number of contributions to each position of the result",
        description="Draw the number of contributions to each position of the transposed convolution's result. Where "
        "the number varies, results often show a checkerboard.",
        epilog="Example: jtconv overlap --input-size 7 7 --kernel-size 3 --strides 2",
    )
    add_layer(parser)
    parser.add_argument(
        "--png", type=Path, metavar="FILE", help="also draw the pattern to FILE; needs jtconv[experiments]"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw the pattern in the terminal, and as a picture."""
    layer = explained(arguments)
    plane = plane_of(layer)
    if arguments.png is not None:
        _overlap_plot.save(plane, arguments.png)
    print(f"{plane.title}; {plane.subtitle}")
    print(draw(plane, shutil.get_terminal_size().columns))
    print(f"\n{contributions(layer)}")
    return 0
