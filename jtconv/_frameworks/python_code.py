"""Python source of a call with literal arguments."""

from collections.abc import Sequence
from typing import Any


class Name(str):
    """A variable's name, written without quotes."""


def call(function: str, *args: Any, **kwargs: Any) -> str:
    """Return `function(args, kwargs)` as text."""
    parts = [*map(code, args), *(f"{name}={code(value)}" for name, value in kwargs.items())]
    return f"{function}({', '.join(parts)})"


def code(value: Any) -> str:
    """Return ints, strings, bools, None or a sequence of these as a literal."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(code, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(code, value))}{',' * (len(value) == 1)})"
    return repr(value)


def one_or_each(values: Sequence[Any]) -> Any:
    """Return one value if all axes have it, else one per axis."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def given(**arguments: tuple[Any, Any]) -> dict[str, Any]:
    """Return those of name=(value, default) that differ from their default."""
    return {name: value for name, (value, default) in arguments.items() if value != default}


def with_bias(text: str, use_bias: bool) -> str:
    """Return a function's call, with the bias that it does not add itself."""
    return f"{text} + bias" if use_bias else text
