"""Errors in the command line's own words: options instead of arguments, and the nearest option or command."""

import argparse
import difflib
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

# Names that the functions behind `--from` have for parts of the command.
CALL_WORDS = {
    "`framework`": "FRAMEWORK",
    "`call`": "CALL",
    "`input_size`": "`--input-size`",
    "`kernel_size` is needed": "`--kernel-size` is needed",
    "give `kernel_size` only": "give `--kernel-size` only",
    "`in_ch`": "IN of `--channels`",
    "`out_ch`": "OUT of `--channels`",
}
OPTION_WORDS = {"`in_ch`": CALL_WORDS["`in_ch`"], "`out_ch`": CALL_WORDS["`out_ch`"]}
CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")

# Examples, for an option whose values are not as many as it takes.
EXAMPLES = {
    "--channels: expected": "into and out of the layer, such as --channels 64 32",
    "--from: expected": 'such as --from torch "ConvTranspose2d(64, 32, 4, stride=2)"',
    "--padding: expected": "such as --padding 1; write --padding=-1,2 where the first number is negative",
}


def in_options(message: str, arguments: argparse.Namespace) -> str:
    """A function's message with the options that stand for its arguments."""
    for word, option in OPTION_WORDS.items():
        message = message.replace(word, option)
    return re.sub(r"`(\w+)`", lambda name: _option(name, vars(arguments)), message)


def in_call(message: str) -> str:
    """A message about `--from`, whose call keeps its framework's words."""
    for word, option in CALL_WORDS.items():
        message = message.replace(word, option)
    return message


def _option(name: re.Match[str], known: dict[str, Any]) -> str:
    return f"`--{name[1].replace('_', '-')}`" if name[1] in known else name[0]


class Parser(argparse.ArgumentParser):
    """A parser whose errors name the nearest option or command."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] (its overloads)
        """Refuse unknown options here, where they are known to be unknown, rather than in the parser above."""
        found, unknown = super().parse_known_args(sys.argv[1:] if args is None else args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._nearest_options(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Print the message, and the nearest choice where one was missed."""
        if choice := CHOICE.search(message):
            message += _did_you_mean(choice["given"], re.findall(r"[\w-]+", choice["known"]))
        message += "".join(f", {example}" for start, example in EXAMPLES.items() if start in message)
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")

    def _nearest_options(self, unknown: list[str]) -> str:
        options = [option for action in self._actions for option in action.option_strings]
        wrong = (word.partition("=")[0] for word in unknown if word.startswith("--"))
        return "".join(f"; {word}{near}" for word in wrong if (near := _did_you_mean(word, options)))


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(given, list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""
