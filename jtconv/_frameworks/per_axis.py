"""Arguments with an entry per spatial axis, in the forms that frameworks take; errors are in their words."""

from collections.abc import Sequence
from typing import Any

from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads


def repeated(name: str, value: Any, ndim: int, *, minimum: int) -> tuple[int, ...]:
    """Return one int per axis; an int, or a sequence of one, is repeated over all axes."""
    alone = arg.is_sequence(value) and len(value) == 1
    return arg.per_axis(name, value[0] if alone else value, ndim, minimum=minimum)


def ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Return the entries of a sequence of one int per axis; a single int is refused."""
    if not arg.is_sequence(value) or len(value) != ndim:
        error = ValueError if arg.is_sequence(value) else TypeError
        raise error(f"`{name}` must be a sequence of {ndim} ints, one per spatial axis, got {arg.shown(value)}.")
    return tuple(arg.integer(name, v) for v in value)


def positive_ints(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Do as `ints`, each entry at least 1."""
    return tuple(arg.at_least(name, v, 1) for v in ints(name, value, ndim))


def pairs(name: str, value: Any, ndim: int, names: Sequence[str] = ()) -> tuple[Pads, ...]:
    """Return one (lo, hi) pair per axis; `names` are the strings that the argument takes instead."""
    instead = "".join(f"{n!r}, " for n in names) + ("or " if names else "")
    fits = arg.is_sequence(value) and len(value) == ndim
    if not fits or not all(arg.is_sequence(pair) and len(pair) == 2 for pair in value):
        raise ValueError(
            f"`{name}` must be {instead}{ndim} (lo, hi) pairs, one per spatial axis, got {arg.shown(value)}."
        )
    return tuple((arg.integer(name, lo), arg.integer(name, hi)) for lo, hi in value)


def check_output_padding(axis: int, a: int, s: int, d: int) -> None:
    """Refuse an output_padding of the stride and the dilation or more, as torch, ONNX and Paddle do."""
    if a >= max(s, d):
        raise ValueError(
            f"`output_padding` must be smaller than the stride or the dilation, {s} and {d} on spatial axis {axis}, "
            f"got {a}."
        )
