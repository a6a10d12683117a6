"""A call with literal arguments, parsed and never evaluated."""

import ast
from dataclasses import dataclass
from typing import Any

from jtconv._geometry import arguments as arg


@dataclass(frozen=True)
class Symbol:
    """An argument whose value is not in the text, such as a variable."""

    source: str


@dataclass(frozen=True)
class Call:
    """A call as written.

    Attributes:
      path: the parts of the dotted name that is called.
      args, kwargs: literals, and a `Symbol` for every other argument.
      plus: whether something is added to the result, such as the bias that a function lacks.
    """

    path: tuple[str, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    plus: bool


def parse(text: str) -> Call:
    """Return `text`, such as `torch.nn.ConvTranspose2d(64, 32, 4, stride=2)`, as a `Call`."""
    if not isinstance(text, str):
        raise TypeError(f"`call` must be a string, got {arg.shown(text)}.")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _no_call(text) from None
    try:
        return _call(node, text)
    except RecursionError:  # nested deeper than Python follows
        raise _no_call(text) from None


def _no_call(text: str) -> ValueError:
    return ValueError(f"`call` must be one call in Python, such as {_EXAMPLE}, got {shortened(repr(text))}.")


def _call(node: ast.expr, text: str) -> Call:
    shown, plus = shortened(repr(text)), False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node, plus = node.left, True
    path = _path(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or path is None:
        raise ValueError(
            f"`call` must be one call of a layer or function by its name, such as {_EXAMPLE}, got {shown}."
        )
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        raise ValueError(f"`call` must write its arguments out, without * and **, got {shown}.")
    kwargs = {k.arg: _value(k.value) for k in node.keywords if k.arg is not None}
    return Call(path, tuple(_value(a) for a in node.args), kwargs, plus)


def is_known(value: Any) -> bool:
    """Return whether a value is literal in all its parts."""
    if isinstance(value, tuple | list):
        return all(map(is_known, value))
    return not isinstance(value, Symbol)


def source(value: Any) -> str:
    """Return a value as it was written, for a message."""
    return shortened(_source(value))


def shortened(text: str) -> str:
    """Return a text cut to the length that a message has room for."""
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _source(value: Any) -> str:
    if isinstance(value, tuple | list):
        inner = ", ".join(map(_source, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    return value.source if isinstance(value, Symbol) else repr(value)


_EXAMPLE = "ConvTranspose2d(64, 32, 4, stride=2)"
_MAX_SHOWN = 200  # characters


def _path(node: ast.expr) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        outer = _path(node.value)
        return None if outer is None else (*outer, node.attr)
    return None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    if isinstance(node, ast.List):
        return list(map(_value, node.elts))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return Symbol(ast.unparse(node))
