"""Paths that lead nowhere, and files that cannot be read, in words for a message."""

import difflib
from pathlib import Path

MAX_NAMES = 3  # in a message
MAX_LISTED = 10_000  # names that are compared: of a larger folder the others are passed over
# The errors of opening a file, and of taking apart what is not as it should be.
READING_FAILS = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def in_one_line(what: str, error: Exception) -> str:
    """Put the error's class and its text, on one line, in the places of {kind} and {error}."""
    text = " ".join(str(error).split()).rstrip(".")
    return what.format(kind=type(error).__name__, error=text)


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; a name that no file can have is not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def nearest(path: Path) -> str:
    """Words for a path that leads nowhere: "does not exist (in runs there is first)".

    Raises no error, whatever the file system says.
    """
    missing = path.absolute()
    try:
        while not missing.parent.is_dir() and missing != missing.parent:
            missing = missing.parent
        names = [entry.name for _, entry in zip(range(MAX_LISTED), missing.parent.iterdir(), strict=False)]
    except (OSError, ValueError):
        return "does not exist"
    alike = difflib.get_close_matches(missing.name, sorted(names), MAX_NAMES)
    where = missing.parent.name or str(missing.parent)
    if alike:
        return f"does not exist (in {where} there is {' and '.join(alike)})"
    return "does not exist" if missing == path.absolute() else f"does not exist ({where} has no {missing.name})"
