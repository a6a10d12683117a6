"""Checks of static arguments: every message names the argument, the rule, the value, the remedy."""

import math
import operator
from collections.abc import Sequence
from typing import Any, TypedDict

Pads = tuple[int, int]
Padding = str | int | Sequence[int | Sequence[int]]


class GeometryArguments(TypedDict, total=False):
    """The five keyword arguments that describe a convolution, as `conv` documents them."""

    strides: int | Sequence[int]
    padding: Padding
    dilation: int | Sequence[int]
    groups: int
    padding_mode: str


TOO_LARGE = 2**31  # positions; XLA counts them in 32 bits
MAX_AXES = 64  # axes of a NumPy array
_MAX_SHOWN = 200  # characters of a value in a message

PADDING_NAMES = ("VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL")


def integer(name: str, value: Any) -> int:
    """`value` as an int; floats, bools and strings are refused rather than rounded."""
    number = integer_of_any_size(name, value)
    if abs(number) >= TOO_LARGE:
        raise ValueError(f"`{name}` must be smaller than 2**31 in size, got {shown(number)}.")
    return number


def integer_of_any_size(name: str, value: Any) -> int:
    """As `integer`, for numbers other than positions, such as a number of bytes."""
    if isinstance(value, bool):
        raise TypeError(f"`{name}` must be an int, got the bool {shown(value)}.")
    try:
        return operator.index(value)
    except TypeError:
        remedy = _as_int(value)
        if is_symbolic(value):
            raise TypeError(
                f"`{name}` must be an int, got {shown(value)}, a size that `jax.export` leaves open."
            ) from None
        if "Tracer" in type(value).__name__:  # seen without importing jax: this file is integers only
            remedy = " It must be known while tracing: bind it with functools.partial or static_argnames."
        raise TypeError(f"`{name}` must be an int, got {shown(value)} ({type(value).__name__}).{remedy}") from None


def _as_int(value: Any) -> str:
    """Advice for a value that is no int."""
    if value is None:
        return " Leave it out for the default, where there is one."
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return ""
    return f" Write {number:.0f}." if number.is_integer() else ""


def shown(value: Any) -> str:
    """`repr(value)` for a message, shortened to a line or two."""
    try:
        text = repr(value)
    except Exception:  # for example an int of more digits than Python prints
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def real(name: str, value: Any) -> float:
    """`value` as a float; bools, strings and complex numbers are refused."""
    if not isinstance(value, bool | str | bytes | bytearray) and getattr(value, "ndim", 0) == 0:
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            pass
    raise TypeError(f"`{name}` must be a real number, got {shown(value)} ({type(value).__name__}).")


def sizes(name: str, value: Any) -> tuple[int, ...]:
    """An int or a sequence of ints as a tuple of ints of at least 1."""
    entries = value if is_sequence(value) else (value,)
    number_of_axes(name, len(entries))
    return tuple(at_least(name, integer(name, v), 1) for v in entries)


def per_axis(name: str, value: Any, ndim: int, *, minimum: int | None = None) -> tuple[int, ...]:
    """Repeat an int over `ndim` axes, or check that a sequence has `ndim` ints."""
    entries = value if is_sequence(value) else (value,)
    if is_sequence(value) and len(value) != ndim:
        raise ValueError(
            f"`{name}` must be an int or {_count(ndim, 'int')}, one per spatial axis of the kernel, got {shown(value)}."
        )
    axes = tuple(integer(name, v) for v in entries)
    if minimum is not None:
        for v in axes:
            at_least(name, v, minimum)
    return axes if is_sequence(value) else axes * ndim


def sizes_per_axis(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """As `per_axis` for sizes of at least 1, some of which `jax.export` may leave open."""
    if is_symbolic(value):
        return (value,) * ndim
    if not has_symbolic(value) or len(value) != ndim:
        return per_axis(name, value, ndim, minimum=1)
    return tuple(v if is_symbolic(v) else at_least(name, integer(name, v), 1) for v in value)


def check_known(name: str, value: Any, reason: str) -> None:
    """Raise ValueError if `jax.export` leaves one of the sizes open; `reason` says why they must be numbers."""
    if is_symbolic(value) or has_symbolic(value):
        raise ValueError(f"`{name}` must be ints, got {shown(value)}, which `jax.export` leaves open: {reason}.")


def check_one_size(output_size: Any, output_padding: Any) -> None:
    """Raise ValueError if both are given."""
    if output_padding is not None:
        raise ValueError(
            f"give `output_size` or `output_padding`, not both: got {shown(output_size)} and {shown(output_padding)}."
        )


def is_symbolic(value: Any) -> bool:
    """Whether `value` is an expression of sizes that `jax.export` leaves open."""
    return hasattr(value, "dimension_as_value") and not hasattr(value, "aval")  # traced arrays have both


def has_symbolic(value: Any) -> bool:
    """Whether `value` is a tuple or list with such an entry."""
    return isinstance(value, tuple | list) and any(map(is_symbolic, value))


def shape(name: str, value: Any) -> tuple[int, ...]:
    """A sequence of ints of at least 0 as a tuple."""
    if not is_sequence(value):
        raise TypeError(f"`{name}` must be a tuple of ints, one per axis, got {shown(value)}.")
    number_of_axes(name, len(value))
    return tuple(at_least(name, integer(name, v), 0) for v in value)


def number_of_axes(name: str, count: int) -> int:
    """`count`, checked against the number of axes that an array can have."""
    if count > MAX_AXES:
        raise ValueError(f"`{name}` must have at most {MAX_AXES} entries, one per spatial axis, got {count:,}.")
    return count


def truth(name: str, value: Any) -> bool:
    """`bool(value)`; arrays of several entries have no truth value."""
    try:
        return bool(value)
    except Exception:
        raise TypeError(f"`{name}` must be True or False, got {shown(value)} ({type(value).__name__}).") from None


def function(name: str, value: Any) -> None:
    if not callable(value):
        raise TypeError(f"`{name}` must be a function, got {shown(value)} ({type(value).__name__}).")


def at_least(name: str, value: int, minimum: int) -> int:
    if value < minimum:
        raise ValueError(f"`{name}` must be at least {minimum}, got {value}.")
    return value


def check_groups(groups: int, channels: int, what: str, *, name: str = "groups", hint: str = "") -> None:
    """Raise ValueError unless `groups` divides `channels`; `what` is the channels' name in the message."""
    if channels % groups:
        raise ValueError(f"`{name}` must divide {what} = {channels}, got {groups}{hint}.")


def channels(name: str, value: Any, groups: int) -> int:
    """A number of channels, of at least 1, that `groups` divides."""
    count = at_least(name, integer(name, value), 1)
    check_groups(groups, count, f"`{name}`")
    return count


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string, got {shown(value)} ({type(value).__name__}).")
    return value


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string, one of {_quoted(allowed)}, got {shown(value)}.")
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {_quoted(allowed)}, got {shown(value)}.")
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
            f"of the kernel, each an int or a (lo, hi) pair, got {shown(padding)}.{_pair_hint(padding, ndim)}"
        )
    return tuple(_pads(entry) for entry in padding)


def _pads(entry: Any) -> Pads:
    if not is_sequence(entry):
        if not hasattr(entry, "__index__") and not is_symbolic(entry):
            raise TypeError(
                f"`padding` must be one of {_quoted(PADDING_NAMES)}, an int, or per spatial axis an int or a (lo, hi) "
                f"pair, got {shown(entry)}. A name holds for all axes."
            )
        p = integer("padding", entry)
        return (p, p)
    if len(entry) != 2:
        raise ValueError(f"each entry of `padding` must be an int or a (lo, hi) pair, got {shown(entry)}.")
    return (integer("padding", entry[0]), integer("padding", entry[1]))


def _pair_hint(padding: Sequence[Any], ndim: int) -> str:
    if ndim == 1 and len(padding) == 2:
        return f" For one axis padded unevenly, pass (({shown(padding[0])}, {shown(padding[1])}),)."
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
