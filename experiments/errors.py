"""Errors that a user can mend, each in one line: a setting out of bounds, a file at fault; and a run asked to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jtconv.weights._faults import READING_FAILS, exists, in_one_line, nearest

SEEDS = 2**32  # JAX drops higher bits, and scikit-learn refuses them


class UserError(Exception):
    """A file, what is wrong with it, and what to do: one line."""

    def __init__(self, file: Path, what: str, remedy: str):
        super().__init__(f"{file} {what}: {remedy}.")
        self.what, self.remedy = what, remedy


@contextmanager
def as_user_error(file: Path, what: str, remedy: str) -> Iterator[None]:
    """Within the block, an error of reading `file` is a `UserError`; `what` may hold its {kind} and its {error}.

    Where the error of a file that does not exist would be quoted, the names that come near are instead.
    """
    try:
        yield
    except READING_FAILS as error:
        if "{error}" in what and not exists(file):
            raise UserError(file, nearest(file), remedy) from error
        raise UserError(file, in_one_line(what, error), remedy) from error


class Stopped(Exception):
    """The run was asked to end, has saved its state and said so."""


def check(settings: Any, name: str, holds: bool, rule: str) -> None:
    """Raise ValueError unless `rule` holds of the field `name` of `settings`."""
    if not holds:
        raise ValueError(f"`{name}` must be {rule}, got {getattr(settings, name)!r}.")


def check_counts(settings: Any, *names: str) -> None:
    for name in names:
        check(settings, name, getattr(settings, name) >= 1, "at least 1")


def check_seed(settings: Any) -> None:
    check(settings, "seed", 0 <= settings.seed < SEEDS, "in [0, 2**32)")
