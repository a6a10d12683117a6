"""A layer as the part of the page's address after #. The page runs these functions, too, as JavaScript."""

from collections.abc import Mapping, Sequence
from typing import Any

from jtconv.explorer._fields import FIELDS, Field


def to_link(values: Mapping[str, Any]) -> str:
    """Return "y=3,3&k=4&s=2&p=1": numbers that are alike on all axes once, the usual ones left out."""
    texts = [(field, _text(field, values[field.key])) for field in FIELDS]
    return "&".join(f"{field.letter}={text}" for field, text in texts if text != field.usual)


def from_link(link: str) -> dict[str, Any] | None:
    """Return the values by their keys, or None where the link is not understood."""
    texts = {letter: text for letter, _, text in (part.partition("=") for part in link.removeprefix("#").split("&"))}
    ndim = len(texts.get("y", "").split(","))
    values = {field.key: _value(field, texts.get(field.letter, field.usual), ndim) for field in FIELDS}
    return None if ndim > 2 or None in values.values() else values


def _text(field: Field, value: Any) -> str:
    if isinstance(value, str):
        return value
    if field.kind == "check":
        return "1" if value else "0"
    parts = [_part(entry) for entry in (value if isinstance(value, tuple | list) else (value,))]
    says_axes = field.key == "y"  # once for each, also where they are alike
    return parts[0] if field.per_axis and not says_axes and len(set(parts)) == 1 else ",".join(parts)


def _part(entry: int | tuple[int, int]) -> str:
    if isinstance(entry, int):
        return str(entry)
    lo, hi = entry
    return str(lo) if lo == hi else f"{lo}:{hi}"


def _value(field: Field, text: str, ndim: int) -> Any:
    """Return a field's value; None where its text is wrong."""
    if field.kind == "check":
        return text != "0"
    if text in field.choices:
        return text
    if field.kind == "choice":
        return None
    parts = [_integers(part, field.bounds) for part in text.split(",")]
    longest = 2 if field.kind == "padding" else 1
    if any(part is None or len(part) > longest for part in parts):
        return None
    numbers = tuple((part[0], part[-1]) if longest == 2 else part[0] for part in parts if part)
    count = ndim if field.per_axis else len(field.label) if field.kind == "numbers" else 1
    if len(numbers) == 1 and field.per_axis:
        numbers = numbers * ndim
    if len(numbers) != count:
        return None
    return numbers if field.per_axis or field.kind == "numbers" else numbers[0]


def _integers(text: str, bounds: Sequence[int]) -> list[int] | None:
    """Return the numbers of "3" or "-1:2", if they are within the bounds."""
    parts = text.split(":")
    if not all(part.removeprefix("-").isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return numbers if all(bounds[0] <= number <= bounds[1] for number in numbers) else None
