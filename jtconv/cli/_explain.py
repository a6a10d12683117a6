"""`jtconv explain`: the arithmetic of one layer."""

import argparse
from typing import Any

from jtconv._explain import explain
from jtconv.cli._layer import add_layer, given_layer, one_or_more


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="print the size arithmetic of a layer, with the numbers put in",
        description="Print what a convolution and its transpose make of an input size, the formula with the "
        "numbers put in, and how many contributions each position gets.",
        epilog="Example: jtconv explain --input-size 7 7 --kernel-size 4 --strides 2",
    )
    add_layer(parser, size_required=True)
    parser.add_argument("--output-padding", type=int, nargs="+", metavar="A")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    layer, a = given_layer(arguments), arguments.output_padding
    explanation = explain(
        layer.input_size,
        layer.geometry.kernel_size,
        **layer.geometry.arguments(),
        output_padding=None if a is None else one_or_more(a),
    )
    print(explanation)
    return 0
