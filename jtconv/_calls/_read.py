"""From the text of a framework's call, and the size of its input, to the layer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from jtconv._calls._signature import Signature, channels
from jtconv._calls._syntax import Call, is_known, parse, shortened, source
from jtconv._calls._tables import SIGNATURES
from jtconv._geometry import arguments as arg
from jtconv._geometry.spec import ConvSpec

FRAMEWORKS = tuple(SIGNATURES)

# Modules as they are commonly imported; `nn` and `F` are too many frameworks'.
_MODULES = {name: name for name in FRAMEWORKS} | {"eqx": "equinox", "hk": "haiku", "tensorflow": "tf"}
_MOST_AXES = 16  # a number is repeated over so many before any array could refuse them
_FAMILIES = ({"flax", "nnx"}, {"flax", "linen"})


class ReadCall(NamedTuple):
    """A layer as a call describes it; None for channels that it does not tell."""

    spec: ConvSpec
    in_ch: int | None
    out_ch: int | None
    use_bias: bool


def read_call(
    framework: str, text: str, input_size: int | Sequence[int], kernel_size: int | Sequence[int] | None
) -> ReadCall:
    """The layer that `framework`'s call `text` applies to something of `input_size`.

    `kernel_size` is for functions, which take the kernel as an array.
    """
    arg.one_of("framework", framework, FRAMEWORKS)
    call = _as_operator(parse(text)) if framework == "onnx" else parse(text)
    signature, bound = _matching(framework, call)
    taps = _kernel_size(signature, bound, kernel_size)
    ndim = _axes(signature, bound, input_size, taps)
    taps = arg.per_axis(signature.kernel_size or "kernel_size", taps, ndim, minimum=1)
    y_size = arg.per_axis("input_size", input_size, ndim, minimum=1)
    if signature.whole_shape is not None:
        bound, out_ch = _without_batch(signature.name, signature.whole_shape, bound, ndim)
    else:
        out_ch = _channels(signature.out_ch, bound)
    return ReadCall(
        signature.read(y_size, taps, **signature.geometry(bound)),
        _channels(signature.in_ch, bound),
        out_ch,
        signature.uses_bias(call, bound),
    )


def _matching(framework: str, call: Call) -> tuple[Signature, dict[str, Any]]:
    """The signature that the call's name and arguments fit, and its arguments by name."""
    _check_prefix(framework, call.path)
    known = SIGNATURES[framework]
    named = [signature for signature in known if signature.called == call.path[-1]]
    if not named:
        names = ", ".join(signature.name for signature in known)
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


def _of_module(named: list[Signature], call: Call) -> list[Signature]:
    """Of several of a name, as flax has, those that the module's name before it leaves."""
    if len(call.path) > 1:
        return [s for s in named if call.path[-2] in (*s.name.split("."), *s.aliases)] or named
    if len(named) == 1:
        return named
    # A bare name is nnx's only with `rngs`, without which nnx makes no layer.
    return [s for s in named if ("rngs" in s.names) == ("rngs" in call.kwargs)]


def _check_prefix(framework: str, path: tuple[str, ...]) -> None:
    """That the modules before the name are not another framework's."""
    modules = path[:-1]
    of_ours = modules[:1] == ("jtconv",) and modules[1:2] != ("compat",)  # jtconv.linen is not flax's
    named = "jtconv" if of_ours else next((_MODULES[m] for m in reversed(modules) if m in _MODULES), framework)
    if named != framework and not any(named in family and framework in family for family in _FAMILIES):
        raise ValueError(
            f"`call` must be one of {framework}'s transposed convolutions, got {shortened('.'.join(path))}: say --from "
            f"{named}."
        )


def _as_operator(call: Call) -> Call:
    """`onnx.helper.make_node("ConvTranspose", inputs, outputs, …)` as the operator's call."""
    if call.path[-1] != "make_node":
        return call
    of_node = dict(zip(("op_type", "inputs", "outputs"), call.args, strict=False)) | call.kwargs
    operator, inputs = of_node.pop("op_type", None), of_node.pop("inputs", ())
    for name in ("outputs", "name", "doc_string", "domain", "overload"):
        of_node.pop(name, None)
    if operator != "ConvTranspose" or not isinstance(inputs, list | tuple):
        raise ValueError(
            f"`call` must make a node of 'ConvTranspose' with its inputs as a list, got {source(operator)} with "
            f"{source(inputs)}."
        )
    return replace(call, path=("ConvTranspose",), args=tuple(inputs), kwargs=of_node)


def _axes(signature: Signature, bound: dict[str, Any], input_size: Any, kernel_size: Any) -> int:
    """Number of spatial axes, from the name, the argument that says so, or the sizes."""
    if signature.ndim is not None:
        return signature.ndim
    if signature.axes is not None:
        return _number_of_axes(signature, signature.axes, bound[signature.axes])
    if arg.is_sequence(kernel_size):
        return len(kernel_size)
    within = signature.kernel_size in bound  # a layer's single int is one axis
    return len(input_size) if arg.is_sequence(input_size) and not within else 1


def _number_of_axes(signature: Signature, name: str, value: Any) -> int:
    if not is_known(value):
        raise ValueError(f"`{name}` of `{signature.name}` must be written out as a number, got {source(value)}.")
    ndim = arg.at_least(name, arg.integer(name, value), 1)
    if ndim > _MOST_AXES:
        raise ValueError(f"`{name}` of `{signature.name}` must be at most {_MOST_AXES}, got {ndim}.")
    return ndim


def _kernel_size(signature: Signature, bound: dict[str, Any], given: Any) -> Any:
    """As the call says, or as it is given for a call that does not say."""
    name = signature.kernel_size
    if name is None or bound.get(name) is None:
        if given is None:
            raise ValueError(f"`kernel_size` is needed: `{signature.name}` is called with the kernel as an array.")
        return given
    if given is not None:
        raise ValueError(
            f"give `kernel_size` only for a call that does not: this one has {name}={source(bound[name])}."
        )
    if not is_known(bound[name]):
        raise ValueError(f"`{name}` of `{signature.name}` must be written out in numbers, got {source(bound[name])}.")
    return bound[name]


def _without_batch(function: str, name: str, bound: dict[str, Any], ndim: int) -> tuple[dict[str, Any], int | None]:
    """The arguments with only the spatial part of the whole shape `name`, and the channels in it."""
    shape, layout = bound[name], bound.get("data_format") or "N...C"
    if not isinstance(shape, tuple | list) or len(shape) != ndim + 2:
        raise ValueError(
            f"`{name}` of `{function}` must be {ndim + 2} sizes, with batch and channels, got {source(shape)}."
        )
    first = isinstance(layout, str) and layout.startswith("NC")
    spatial = tuple(shape[2:] if first else shape[1:-1])
    return {**bound, name: spatial}, channels(name, shape[1 if first else -1])


def _channels(name: str | None, bound: dict[str, Any]) -> int | None:
    return None if name is None else channels(name, bound.get(name))
