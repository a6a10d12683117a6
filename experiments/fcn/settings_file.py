"""A run's config.json as the settings to begin another: as options, before those of the command line."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.errors import UserError, as_user_error
from experiments.fcn.resuming import flat

REMEDY = "give the config.json of a run"


def options_of(file: Path, known: dict[str, Any], given: Sequence[str]) -> list[str]:
    """The file's settings as options, but for those that are given; `known` has the names of all there are."""
    with as_user_error(file, "cannot be read ({error})", REMEDY):
        settings = flat(json.loads(file.read_text(encoding="utf-8")))
    names = flat(known)
    for name in settings.keys() - names.keys():
        near = difflib.get_close_matches(name, names, n=1)
        meant = f"did you mean {near[0]!r}" if near else "remove it"
        raise UserError(file, f"has a setting {name!r} = {settings[name]!r}, which no run has", meant)
    options = {option.partition("=")[0].replace("--no-", "--") for option in given}
    return [word for name, value in settings.items() for word in _option(name, value) if _flag(name) not in options]


def _flag(name: str) -> str:
    return f"--{name.rpartition('.')[2].replace('_', '-')}"


def _option(name: str, value: Any) -> list[str]:
    flag = _flag(name)
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    return [flag, *map(str, value if isinstance(value, list) else [value])]
