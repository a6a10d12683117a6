"""`Framework`, one row of the table of frameworks, and `Signature`, one of its layers or functions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from jtconv._frameworks.call_syntax import Call, Symbol, is_known, shortened, source
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer
from jtconv._geometry.spec import ConvSpec

Bound = dict[str, Any]  # arguments by name


@dataclass(frozen=True)
class Signature:
    """One class or function.

    Attributes:
      name: full name, for messages.
      parameters: names in order, those after "*" by keyword only.
      read: turns its geometry, named as its own arguments, into the convolution that is transposed.
      ndim: number of spatial axes, if the name gives it.
      kernel_size, in_ch, out_ch, axes, bias: names of the arguments that hold these, if any.
      has_bias: whether a bias is added if that argument is not given.
      required: arguments without which there is no layer.
      fixed: arguments that may only have this value.
      told_by: an argument that tells it from others of its name, if the call does not name the module.
      narrowed: (arguments, number of spatial axes) -> (the arguments that `read` takes, out_ch).
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
    required: tuple[str, ...] = ()
    fixed: tuple[tuple[str, Any], ...] = ()
    told_by: str | None = None
    narrowed: Callable[[Bound, int], tuple[Bound, int | None]] | None = None

    @property
    def called(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def bind(self, call: Call) -> Bound:
        """Return the arguments given, by name, checked against the signature."""
        python = self._python_signature()
        try:
            bound = python.bind_partial(*call.args, **call.kwargs).arguments
        except TypeError as error:
            raise ValueError(
                f"`{self.name}`: {shortened(str(error))}. It has {', '.join(python.parameters)}."
            ) from None
        for name in self.required:
            if name not in bound:
                raise ValueError(f"`{self.name}` needs `{name}`.")
        for name, value in self.fixed:
            if bound.get(name, value) != value:
                raise ValueError(f"`{name}` of `{self.name}` must be {value!r}, got {source(bound[name])}.")
        return bound

    def geometry(self, bound: Bound) -> Bound:
        """Return those arguments that `read` takes, which must be literal."""
        parameters = inspect.signature(self.read).parameters.values()
        names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name in bound]
        return {name: self.literal(name, bound) for name in names}

    def literal(self, name: str, bound: Bound) -> Any:
        """Return an argument that must be literal."""
        if not is_known(bound[name]):
            raise ValueError(
                f"`{name}` of `{self.name}` must be written out in numbers or strings, got {source(bound[name])}."
            )
        return bound[name]

    def uses_bias(self, call: Call, bound: Bound) -> bool:
        """Return whether a bias is added: as an argument says, or by + after the call."""
        if self.bias is None:
            return call.plus
        return bool(bound.get(self.bias, self.has_bias))  # a symbol is true: a variable holds a bias

    def _python_signature(self) -> inspect.Signature:
        by_position, _, by_keyword = self.parameters.partition("*")
        either, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        parameters = [inspect.Parameter(name, either) for name in by_position.split()]
        return inspect.Signature(parameters + [inspect.Parameter(name, keyword) for name in by_keyword.split()])


def numbered(signature: Signature, pattern: str) -> tuple[Signature, ...]:
    """Return one for each number of spatial axes; `pattern` is the name with {n} in its place."""
    return tuple(replace(signature, name=pattern.format(n=n), ndim=n) for n in (1, 2, 3))


def channels(name: str, value: Any) -> int | None:
    """Return a number of channels, or None where a variable stands."""
    if value is None or isinstance(value, Symbol):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a number of channels, at least 1, got {source(value)}.")
    return value


def as_written(call: Call) -> Call:
    """Return the call as it is."""
    return call


@dataclass(frozen=True)
class Framework:
    """One row of the table of frameworks.

    Attributes:
      name: key in `explain --from` and in the list of equivalents.
      title: the framework's own spelling of its name.
      before: code before the call in a complete program.
      write: gives the layer as a call to paste, or raises `NoEquivalent` with the reason.
      layout: layout of the kernel in the layer that `write` gives.
      signatures: its layers and functions that are transposed convolutions.
      parameters: names and layouts of its layers' parameters, for `weights.layer_from`.
      modules: dotted names, besides its own, of modules that belong to this framework only.
      family: a name that several frameworks share in `explain --from`, such as "flax".
      can_be_empty: whether it takes a layer whose contributions are all cropped.
      normal: brings a call into the form that `signatures` describe.
    """

    name: str
    title: str
    before: str
    write: Callable[[Layer], str]
    layout: KernelLayout
    signatures: tuple[Signature, ...]
    parameters: tuple[Parameters, ...] = ()
    modules: tuple[str, ...] = ()
    family: str = ""
    can_be_empty: bool = False
    normal: Callable[[Call], Call] = as_written
