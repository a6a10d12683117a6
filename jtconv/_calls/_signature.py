"""A framework's layer or function: its arguments in order, and what they are for."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jtconv._calls._syntax import Call, Symbol, is_known, shortened, source
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class Signature:
    """One class or function.

    Attributes:
      name: in full, as messages have it.
      parameters: names in order, those after "*" by keyword only.
      read: turns its geometry, named as its own arguments, into the layer.
      ndim: spatial axes, where the name tells.
      kernel_size, in_ch, out_ch, axes, bias: which argument that is, if any.
      whole_shape: which argument is the result's shape with batch and channels, if any.
      has_bias: whether there is one where that argument is not given.
      required: arguments without which there is no layer.
      fixed: arguments that may only have this value.
      aliases: other names of the module that holds it.
    """

    name: str
    parameters: str
    read: Callable[..., ConvSpec]
    ndim: int | None = None
    kernel_size: str | None = None
    in_ch: str | None = None
    out_ch: str | None = None
    axes: str | None = None
    bias: str | None = None
    has_bias: bool = True
    whole_shape: str | None = None
    required: tuple[str, ...] = ()
    fixed: tuple[tuple[str, Any], ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def names(self) -> list[str]:
        return [name for name in self.parameters.split() if name != "*"]

    def bind(self, call: Call) -> dict[str, Any]:
        """Name to value for the arguments given, checked against the signature."""
        positional = self.parameters.partition("*")[0].split()
        if len(call.args) > len(positional):
            raise ValueError(
                f"`{self.name}` takes {len(positional)} arguments by position ({', '.join(positional)}), got "
                f"{len(call.args)}."
            )
        bound = dict(zip(positional, call.args, strict=False))
        for name, value in call.kwargs.items():
            if name in bound:
                raise ValueError(f"`{self.name}` got `{name}` twice, by position and by name.")
            if name not in self.names:
                raise ValueError(f"`{self.name}` has no argument `{shortened(name)}`; it has {', '.join(self.names)}.")
            bound[name] = value
        for name in self.required:
            if name not in bound:
                raise ValueError(f"`{self.name}` needs `{name}`.")
        for name, value in self.fixed:
            if bound.get(name, value) != value:
                raise ValueError(f"`{name}` of `{self.name}` must be {value!r}, got {source(bound[name])}.")
        return bound

    def geometry(self, bound: dict[str, Any]) -> dict[str, Any]:
        """Those arguments that `read` takes, which must be literal."""
        taken = {name: bound[name] for name in self._read_names() if name in bound}
        for name, value in taken.items():
            if not is_known(value):
                raise ValueError(
                    f"`{name}` of `{self.name}` must be written out in numbers or strings, got {source(value)}."
                )
        return taken

    def uses_bias(self, call: Call, bound: dict[str, Any]) -> bool:
        """Whether a bias is added: as an argument says, or by + after the call."""
        if self.bias is None:
            return call.plus
        return bool(bound.get(self.bias, self.has_bias))  # a symbol is true: a variable holds a bias

    def _read_names(self) -> list[str]:
        parameters = inspect.signature(self.read).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def channels(name: str, value: Any) -> int | None:
    """A number of channels, or None where a variable stands."""
    if value is None or isinstance(value, Symbol):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a number of channels, at least 1, got {source(value)}.")
    return value
