"""`jtconv explain`, and the layer that it and others take: by numbers, or in a framework's words."""

import argparse
from typing import Any

from jtconv._explain.explain import Explanation, explain, explain_from
from jtconv._frameworks import registry
from jtconv.cli._layer import add_layer, described, given_layer, one_or_more


def add_explained(parser: argparse.ArgumentParser, *, with_bias: bool) -> None:
    """Add the options of the layer, and `--from`; `--no-bias` too if `with_bias`."""
    add_layer(parser, size_required=False)
    parser.add_argument("--output-padding", type=int, nargs="+", metavar="A")
    parser.add_argument("--channels", type=int, nargs=2, metavar=("IN", "OUT"), help="into and out of the layer")
    parser.add_argument(
        "--from",
        dest="call",
        nargs=2,
        metavar=("FRAMEWORK", "CALL"),
        help=f"a transposed convolution in the words of {', '.join(registry.names())}, such as --from torch "
        '"ConvTranspose2d(64, 32, 4, stride=2)"; --input-size is then the size of its input, and '
        "--kernel-size is for functions that take the kernel as an array",
    )
    parser.set_defaults(no_bias=False)
    if with_bias:
        parser.add_argument(
            "--no-bias", action="store_true", help="the layer adds no bias; with --from, the call says so"
        )


def explained(arguments: argparse.Namespace) -> Explanation:
    """Explain the requested layer."""
    in_ch, out_ch = arguments.channels or (None, None)
    if arguments.input_size is None:
        raise ValueError("a layer needs `--input-size`.")
    if arguments.call is not None:
        _check_nothing_else(arguments)
        framework, call = arguments.call
        return explain_from(
            framework,
            call,
            one_or_more(arguments.input_size),
            kernel_size=None if arguments.kernel_size is None else one_or_more(arguments.kernel_size),
            in_ch=in_ch,
            out_ch=out_ch,
        )
    if arguments.kernel_size is None:
        raise ValueError("a layer needs `--kernel-size`, or `--from` with a framework's call.")
    layer, a = given_layer(arguments), arguments.output_padding
    return explain(
        layer.input_size,
        layer.geometry.kernel_size,
        **layer.geometry.arguments(),
        output_padding=None if a is None else one_or_more(a),
        in_ch=in_ch,
        out_ch=out_ch,
        use_bias=not arguments.no_bias,
    )


def _check_nothing_else(arguments: argparse.Namespace) -> None:
    others = described(arguments) + ["output_padding"] * (arguments.output_padding is not None)
    others += ["no_bias"] * arguments.no_bias
    if others:
        names = ", ".join(f"`--{name.replace('_', '-')}`" for name in others)
        raise ValueError(f"{names} must not stand beside `--from`, whose call says it in the framework's own words.")


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
    add_explained(parser, with_bias=True)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation."""
    explanation = explained(arguments)
    print(explanation.to_json() if arguments.json else explanation)
    return 0
