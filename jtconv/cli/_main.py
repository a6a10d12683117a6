"""`jtconv`: one subcommand per file. A wrong argument prints one line to stderr and exits with status 2."""

import io
import sys
from collections.abc import Sequence

from jtconv._version import __version__
from jtconv.cli import _bench, _explain, _explore, _matrix, _overlap, _verify
from jtconv.cli._errors import Parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `jtconv ARGV` and return its exit status."""
    parser = Parser(
        prog="jtconv",
        description="The transposed convolution for JAX: the transpose of the convolution's sparse matrix.",
    )
    parser.add_argument("--version", action="version", version=f"jtconv {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (_verify, _explain, _overlap, _explore, _matrix, _bench):
        command.register(commands)
    arguments = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without ᵀ or ⌊ shows ? instead
        sys.stdout.reconfigure(errors="replace")
    try:
        return arguments.run(arguments)
    except (TypeError, ValueError) as error:
        print(f"jtconv {arguments.command}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the pipe, such as `head`, has closed it
        sys.stdout = None
        return 0
