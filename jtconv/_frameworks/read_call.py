"""Read a layer from the text of a framework's call, which is never run, and the size of its input."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jtconv._frameworks import registry
from jtconv._frameworks.call_syntax import Call, parse, shortened, source
from jtconv._frameworks.framework import Bound, Framework, Signature, channels
from jtconv._geometry import arguments as arg
from jtconv._geometry.spec import ConvSpec

MAX_AXES = 16  # spatial axes that a call may ask for: one number is repeated over all of them


class ReadCall(NamedTuple):
    """A layer as a call describes it; None for channels that it does not give."""

    spec: ConvSpec
    in_ch: int | None
    out_ch: int | None
    use_bias: bool


def read_call(
    framework: str, text: str, input_size: int | Sequence[int], kernel_size: int | Sequence[int] | None
) -> ReadCall:
    """Return the layer that `framework`'s call `text` applies to something of `input_size`.

    `kernel_size` is for functions, which take the kernel as an array.
    """
    asked = registry.called(arg.one_of("framework", framework, registry.names()))
    call = parse(text)
    for each in asked:
        call = each.normal(call)
    _check_module(framework, asked, call.path)
    signature, bound = _matching(framework, asked, call)
    taps = _kernel_size(signature, bound, kernel_size)
    ndim = _axes(signature, bound, input_size, taps)
    taps = arg.per_axis(signature.kernel_size or "kernel_size", taps, ndim, minimum=1)
    y_size = arg.per_axis("input_size", input_size, ndim, minimum=1)
    out_ch = _channels(signature.out_ch, bound)
    if signature.narrowed is not None:
        bound, out_ch = signature.narrowed(bound, ndim)
    return ReadCall(
        signature.read(y_size, taps, **signature.geometry(bound)),
        _channels(signature.in_ch, bound),
        out_ch,
        signature.uses_bias(call, bound),
    )


def _check_module(framework: str, asked: list[Framework], path: tuple[str, ...]) -> None:
    """Refuse a call whose module is another framework's."""
    named = _framework_of(path[:-1])
    if named is not None and not any(each in asked for each in registry.called(named)):
        raise ValueError(
            f"`call` must be one of {framework}'s transposed convolutions, got {shortened('.'.join(path))}: say --from "
            f"{named}."
        )


def _framework_of(modules: tuple[str, ...]) -> str | None:
    """Return the name of the framework whose module stands last in a dotted name; `nn` and `F` name too many."""
    known = {name: name for name in registry.names()}
    known |= {module: each.name for each in registry.FRAMEWORKS.values() for module in each.modules}
    for end in range(len(modules), 0, -1):
        for start in range(max(end - 2, 0), end):  # a module's name has two parts at most
            if (dotted := ".".join(modules[start:end])) in known:
                return known[dotted]
    return None


def _matching(framework: str, asked: list[Framework], call: Call) -> tuple[Signature, Bound]:
    """Return the signature that the call's name and arguments fit, and its arguments by name."""
    signatures = [(each, signature) for each in asked for signature in each.signatures]
    named = [(each, signature) for each, signature in signatures if signature.called == call.path[-1]]
    if not named:
        names = ", ".join(signature.name for _, signature in signatures)
        raise ValueError(
            f"`call` must be one of {framework}'s transposed convolutions, {names}, got "
            f"{shortened('.'.join(call.path))}."
        )
    errors = []
    for signature in _of_module(named, call):
        try:
            return signature, signature.bind(call)
        except ValueError as error:
            errors.append(error)
    raise errors[0]


def _of_module(named: list[tuple[Framework, Signature]], call: Call) -> list[Signature]:
    """Return those of several signatures of one name that the module before it, or an argument, singles out."""
    every = [signature for _, signature in named]
    if len(call.path) > 1:
        return [s for each, s in named if call.path[-2] in (each.name, *s.name.split("."))] or every
    if len(every) == 1:
        return every
    return [s for s in every if s.told_by is None or s.told_by in call.kwargs] or every


def _axes(signature: Signature, bound: Bound, input_size: Any, kernel_size: Any) -> int:
    """Return the number of spatial axes, from the name, the argument that says so, or the sizes."""
    if signature.ndim is not None:
        return signature.ndim
    if signature.axes is not None:
        name = signature.axes
        ndim = arg.at_least(name, arg.integer(name, signature.literal(name, bound)), 1)
        if ndim > MAX_AXES:
            raise ValueError(f"`{name}` of `{signature.name}` must be at most {MAX_AXES}, got {ndim}.")
        return ndim
    if arg.is_sequence(kernel_size):
        return len(kernel_size)
    within = signature.kernel_size in bound  # a layer's single int is one axis
    return len(input_size) if arg.is_sequence(input_size) and not within else 1


def _kernel_size(signature: Signature, bound: Bound, given: Any) -> Any:
    """Return the kernel size from the call or, for a call without one, from the argument."""
    name = signature.kernel_size
    if name is None or bound.get(name) is None:
        if given is None:
            raise ValueError(f"`kernel_size` is needed: `{signature.name}` is called with the kernel as an array.")
        return given
    if given is not None:
        raise ValueError(
            f"give `kernel_size` only for a call that does not: this one has {name}={source(bound[name])}."
        )
    return signature.literal(name, bound)


def _channels(name: str | None, bound: Bound) -> int | None:
    return None if name is None else channels(name, bound.get(name))
