"""`jtconv explain`: the arithmetic of one layer."""

import argparse
from typing import Any

from jtconv.cli._explained import add_explained, explained


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "explain",
        help="print the arithmetic of a layer, and the same layer in other frameworks' words",
        description="Print the sizes that a convolution and its transpose give, the formulas with numbers in them, "
        "the number of contributions to each position, and the same transposed convolution in every "
        "framework's words. The layer may also be given in a framework's words.",
        epilog="Examples: jtconv explain --input-size 7 7 --kernel-size 4 --strides 2; jtconv explain --from keras "
        "\"Conv2DTranspose(32, 4, strides=2, padding='same')\" --input-size 7",
    )
    add_explained(parser)
    parser.add_argument("--no-bias", action="store_true", help="the layer adds no bias; with --from, the call says so")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    if arguments.no_bias and arguments.call is not None:
        raise ValueError("`--no-bias` must not stand beside `--from`, whose call says it in the framework's own words.")
    explanation = explained(arguments, use_bias=not arguments.no_bias)
    print(explanation.to_json() if arguments.json else explanation)
    return 0
