"""`jtconv explain`: the arithmetic of a layer, and the same layer in other frameworks' words."""

import argparse
from typing import Any

from jtconv.cli._layer import add_bias, add_channels, add_layer, explained


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="print the arithmetic of a layer, and the same layer in other frameworks' words",
        description="Print the sizes that a transposed convolution gives, and the convolution for an input of the same "
        "size, the formulas with numbers in them, the number of contributions to each position, and the same "
        "transposed convolution in every framework's words. The layer may also be given in a framework's words.",
        epilog="Examples: jtconv explain --input-size 7 7 --kernel-size 4 --strides 2; jtconv explain --from keras "
        "\"Conv2DTranspose(32, 4, strides=2, padding='same')\" --input-size 7",
    )
    add_layer(parser)
    add_channels(parser)
    add_bias(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    explanation = explained(arguments)
    print(explanation.to_json() if arguments.json else explanation)
    return 0
