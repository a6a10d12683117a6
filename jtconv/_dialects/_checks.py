"""Checks that several dialects share; the words are those of the framework that is read."""

from collections.abc import Sequence
from typing import Any

from jtconv._geometry import arguments as arg


def ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """A sequence of one int per spatial axis, where the framework does not repeat a single one."""
    if not arg.is_sequence(value) or len(value) != ndim:
        error = ValueError if arg.is_sequence(value) else TypeError
        raise error(f"`{name}` must be a sequence of {ndim} ints, one per spatial axis, got {arg.shown(value)}.")
    return tuple(arg.integer(name, v) for v in value)


def positive_ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """As `ints`, each at least 1."""
    return tuple(arg.at_least(name, v, 1) for v in ints(name, value, ndim))


def pairs(name: str, value: Any, ndim: int, names: Sequence[str] = ()) -> tuple[arg.Pads, ...]:
    """One (lo, hi) pair per spatial axis; `names` are the strings that may stand instead."""
    instead = "".join(f"{n!r}, " for n in names) + ("or " if names else "")
    fits = arg.is_sequence(value) and len(value) == ndim
    if not fits or not all(arg.is_sequence(pair) and len(pair) == 2 for pair in value):
        raise ValueError(
            f"`{name}` must be {instead}{ndim} (lo, hi) pairs, one per spatial axis, got {arg.shown(value)}."
        )
    return tuple((arg.integer(name, lo), arg.integer(name, hi)) for lo, hi in value)
