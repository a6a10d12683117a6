"""Command line: python -m experiments.fcn --help."""

import sys
from functools import partial
from importlib import import_module
from typing import get_type_hints

from experiments.command_line import GOES_ON, exit_with, guarded
from experiments.options import parsed

PROG = "python -m experiments.fcn"
# Each is a module of `commands`, imported when it is asked for: `run(command)` tells by its type what it takes.
COMMANDS = {
    "train": "Train a network on your own pictures.",
    "check-data": "Report all that is wrong with a data set.",
    "evaluate": "Score a finished run on pictures with masks.",
    "predict": "Find the classes in pictures.",
    "export": "Make a program of a finished run, for JAX alone or in ONNX.",
}


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    args = sys.argv[1:] if args is None else args
    return guarded(lambda: execute(args), GOES_ON if args[:1] == ["train"] else "Interrupted.")


def execute(args: list[str]) -> int | None:
    name, *rest = args or ["--help"]
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name not in COMMANDS:
        raise ValueError(f"{PROG}: the command must be one of {', '.join(COMMANDS)}, got {name!r}.")
    module = import_module(f"experiments.fcn.commands.{name.replace('-', '_')}")
    parse = getattr(module, "parse", partial(parsed, get_type_hints(module.run)["command"], description=None))
    return module.run(parse(args=rest, prog=f"{PROG} {name}"))


def overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {what}" for name, what in COMMANDS.items()]
    usage = f"usage: {PROG} COMMAND ...\n\nFully convolutional networks on your own pictures.\n\n"
    return usage + "\n".join(lines) + f"\n\n{PROG} COMMAND --help tells what each takes."


if __name__ == "__main__":
    exit_with(main)
