"""Checks of static arguments: every message names the argument, the rule, the value, the remedy."""

import operator
from collections.abc import Sequence
from typing import Any

Pads = tuple[int, int]
Padding = str | int | Sequence[int | Sequence[int]]

_TOO_LARGE = 2**31  # XLA counts positions in 32 bits

PADDING_NAMES = ("VALID", "SAME", "SAME_LOWER", "CAUSAL")
PADDING_MODES = ("zeros", "circular", "reflect", "replicate")


def integer(name: str, value: Any) -> int:
    """`value` as an int; floats, bools and strings are refused rather than rounded."""
    number = integer_of_any_size(name, value)
    if abs(number) >= _TOO_LARGE:
        raise ValueError(f"`{name}` must be smaller than 2**31 in size, got {number}.")
    return number


def integer_of_any_size(name: str, value: Any) -> int:
    """As `integer`, for what is no position, such as a number of bytes."""
    if isinstance(value, bool):
        raise TypeError(f"`{name}` must be an int, got the bool {value!r}.")
    try:
        return operator.index(value)
    except TypeError:
        remedy = ""
        if "Tracer" in type(value).__name__:  # seen without importing jax: this file is integers only
            remedy = " It must be known while tracing: bind it with functools.partial or static_argnames."
        raise TypeError(f"`{name}` must be an int, got {value!r} ({type(value).__name__}).{remedy}") from None


def real(name: str, value: Any) -> float:
    """`value` as a float; bools, strings and complex numbers are refused."""
    if not isinstance(value, bool | str | bytes | bytearray) and getattr(value, "ndim", 0) == 0:
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise TypeError(f"`{name}` must be a real number, got {value!r} ({type(value).__name__}).")


def sizes(name: str, value: Any) -> tuple[int, ...]:
    """An int or a sequence of ints as a tuple of ints of at least 1."""
    entries = tuple(value) if is_sequence(value) else (value,)
    return tuple(at_least(name, integer(name, v), 1) for v in entries)


def per_axis(name: str, value: Any, ndim: int, *, minimum: int | None = None) -> tuple[int, ...]:
    """Repeat an int over `ndim` axes, or check that a sequence has `ndim` ints."""
    entries = value if is_sequence(value) else (value,) * ndim
    axes = tuple(integer(name, v) for v in entries)
    if len(axes) != ndim:
        raise ValueError(
            f"`{name}` must be an int or {_count(ndim, 'int')}, one per spatial axis of the kernel, got {value!r}."
        )
    if minimum is not None:
        for v in axes:
            at_least(name, v, minimum)
    return axes


def at_least(name: str, value: int, minimum: int) -> int:
    if value < minimum:
        raise ValueError(f"`{name}` must be at least {minimum}, got {value}.")
    return value


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string, one of {_quoted(allowed)}, got {value!r}.")
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {_quoted(allowed)}, got {value!r}.")
    return value


def padding_rule(padding: Any, ndim: int) -> str | tuple[Pads, ...]:
    """`padding` in one of two normal forms: a name, or one (lo, hi) pair per spatial axis."""
    if isinstance(padding, str):
        return one_of("padding", padding.upper(), PADDING_NAMES)
    if not is_sequence(padding):
        return (_pads(padding),) * ndim
    if len(padding) != ndim:
        raise ValueError(
            f"`padding` must be a name, an int, or {_count(ndim, 'entry', 'entries')}, one per spatial axis "
            f"of the kernel, each an int or a (lo, hi) pair, got {padding!r}.{_pair_hint(padding, ndim)}"
        )
    return tuple(_pads(entry) for entry in padding)


def _pads(entry: Any) -> Pads:
    if not is_sequence(entry):
        if not hasattr(entry, "__index__"):
            raise TypeError(
                f"`padding` must be one of {_quoted(PADDING_NAMES)}, an int, or per spatial axis an int or a (lo, hi) "
                f"pair, got {entry!r}. A name holds for all axes."
            )
        p = integer("padding", entry)
        return (p, p)
    if len(entry) != 2:
        raise ValueError(f"each entry of `padding` must be an int or a (lo, hi) pair, got {entry!r}.")
    return (integer("padding", entry[0]), integer("padding", entry[1]))


def _pair_hint(padding: Sequence[Any], ndim: int) -> str:
    if ndim == 1 and len(padding) == 2:
        return f" For one axis padded unevenly, pass (({padding[0]}, {padding[1]}),)."
    return ""


def is_sequence(value: Any) -> bool:
    """Whether `value` has entries: a tuple, list or array, but not a string or an array of no axis."""
    if isinstance(value, str | bytes | dict) or getattr(value, "ndim", 1) == 0:
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def _count(n: int, singular: str, plural: str | None = None) -> str:
    return f"{n} {singular}" if n == 1 else f"{n} {plural or singular + 's'}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(n) for n in names)
