"""The files and folders that may have been meant by a path that leads nowhere."""

import difflib
from pathlib import Path

MAX_NAMES = 3  # in a message
MAX_LISTED = 10_000  # names that are compared: of a larger folder the others are passed over


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
