"""ONNX's operator ConvTranspose, as of opset 22; where the standard is silent, as onnxruntime 1.31 computes it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jtconv._frameworks.call_syntax import Call, source
from jtconv._frameworks.framework import Framework, Signature
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer, NoEquivalent, call, check_zeros, given, pads_text
from jtconv._frameworks.reading import check_output_padding, ints, layer_spec
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import transposed_size
from jtconv._geometry.spec import ConvSpec

LAYOUT = KernelLayout(leading=2)  # (y_ch, x_ch // groups, *k), also for Conv
AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> ConvSpec:
    """Return the convolution whose transpose the operator with these attributes computes."""
    ndim = len(kernel_size)
    rule = arg.one_of("auto_pad", auto_pad, AUTO_PADS)
    steps = _ints("strides", strides, 1, ndim, minimum=1)
    dilation = _ints("dilations", dilations, 1, ndim, minimum=1)
    output_paddings = _ints("output_padding", output_padding, 0, ndim, minimum=0)
    explicit = _pairs(pads, rule, ndim)
    _check_kernel_shape(kernel_shape, kernel_size)
    targets = None if output_shape is None else _ints("output_shape", output_shape, 1, ndim, minimum=1)
    all_pads, all_output_paddings = [], []
    for axis, (o, k, s, d, a) in enumerate(zip(y_size, kernel_size, steps, dilation, output_paddings, strict=True)):
        check_output_padding(axis, a, s, d)
        full = transposed_size(o, k, s, (0, 0), d, a)
        wanted = targets[axis] if targets else s * o if rule.startswith("SAME") else None
        pair = explicit[axis] if wanted is None else _shared_out(full - wanted, rule)
        more = max(wanted - full, 0) if targets and wanted else 0
        _check_size(axis, full - sum(pair), pair, more + a, max(s, d) if a >= s else s)
        all_pads.append(pair)
        all_output_paddings.append(a + more)
    return layer_spec(
        y_size,
        kernel_size,
        strides=steps,
        pads=all_pads,
        dilation=dilation,
        output_padding=all_output_paddings,
        groups=arg.at_least("group", arg.integer("group", group), 1),
    )


def _ints(name: str, value: Any, default: int, ndim: int, *, minimum: int) -> tuple[int, ...]:
    values = (default,) * ndim if value is None else ints(name, value, ndim)
    return tuple(arg.at_least(name, v, minimum) for v in values)


def _pairs(pads: Sequence[int] | None, auto_pad: str, ndim: int) -> list[Pads]:
    """Return all starts, then all ends, as pairs."""
    if pads is None:
        return [(0, 0)] * ndim
    if auto_pad != "NOTSET":
        raise ValueError(f"give `pads` or `auto_pad`, not both: got {arg.shown(pads)} and {arg.shown(auto_pad)}.")
    if not arg.is_sequence(pads) or len(pads) != 2 * ndim:
        raise ValueError(
            f"`pads` must be {ndim} starts and then {ndim} ends, one per spatial axis, got {arg.shown(pads)}."
        )
    sides = [arg.at_least("pads", arg.integer("pads", p), 0) for p in pads]
    return list(zip(sides[:ndim], sides[ndim:], strict=True))


def _check_kernel_shape(kernel_shape: Sequence[int] | None, kernel_size: Sequence[int]) -> None:
    if kernel_shape is not None and ints("kernel_shape", kernel_shape, len(kernel_size)) != tuple(kernel_size):
        raise ValueError(f"`kernel_shape` must be W's {tuple(kernel_size)}, got {kernel_shape!r}. Leave it out.")


def _shared_out(total: int, auto_pad: str) -> Pads:
    """Share padding out to both ends; the odd unit goes to the end for SAME_UPPER only.

    The standard allows no negative padding, so the result is never longer than all contributions.
    """
    small, large = max(total, 0) // 2, (max(total, 0) + 1) // 2
    return (small, large) if auto_pad == "SAME_UPPER" else (large, small)


def _check_size(axis: int, size: int, pads: Pads, extra: int, below: int) -> None:
    if size < 1:
        raise ValueError(
            f"`pads` {pads} leave an output of size {size} on spatial axis {axis}: stride·(input - 1) + "
            f"output_padding + dilation·(kernel - 1) + 1 - start - end must be at least 1. Pad less."
        )
    if extra >= below:
        raise ValueError(
            f"`output_shape` {size + extra} on spatial axis {axis} is too large: without padding the result has "
            f"{size} positions, and at most {below - 1} can be added, less than the stride. Take a smaller one."
        )


def write(layer: Layer) -> str:
    """Return the node with explicit pads, which may not be negative, and output_padding."""
    check_zeros(layer, "ONNX")
    spec, ones, zeros = layer.spec, [1] * layer.ndim, [0] * layer.ndim
    pads, output_padding = layer.pads_and_output_padding()
    options = given(
        strides=(list(spec.strides), ones),
        pads=([*(lo for lo, _ in pads), *(hi for _, hi in pads)], [*zeros, *zeros]),
        output_padding=(list(output_padding), zeros),
        dilations=(list(spec.dilation), ones),
        group=(spec.groups, 1),
    )
    if min((p for pair in pads for p in pair), default=0) < 0 or not layer.is_read_by(read, **options):
        raise NoEquivalent(
            f"ONNX pads by 0 or more, and output_padding is smaller than the stride or dilation; this layer crops "
            f"{pads_text(layer.whole_pads)}"
        )
    return call(
        "onnx.helper.make_node",
        "ConvTranspose",
        ["X", "W", "B"] if layer.use_bias else ["X", "W"],
        ["Y"],
        kernel_shape=list(spec.kernel_size),
        **options,
    )


def _as_operator(node: Call) -> Call:
    """Return `onnx.helper.make_node("ConvTranspose", inputs, outputs, …)` as the operator's call."""
    if node.path[-1] != "make_node":
        return node
    of_node = dict(zip(("op_type", "inputs", "outputs"), node.args, strict=False)) | node.kwargs
    operator, inputs = of_node.pop("op_type", None), of_node.pop("inputs", ())
    for name in ("outputs", "name", "doc_string", "domain", "overload"):
        of_node.pop(name, None)
    if operator != "ConvTranspose" or not isinstance(inputs, list | tuple):
        raise ValueError(
            f"`call` must make a node of 'ConvTranspose' with its inputs as a list, got {source(operator)} with "
            f"{source(inputs)}."
        )
    return replace(node, path=("ConvTranspose",), args=tuple(inputs), kwargs=of_node)


FRAMEWORK = Framework(
    name="onnx",
    title="ONNX",
    before="import onnx\n\nnode = ",
    write=write,
    layout=LAYOUT,
    parameters=(Parameters("onnx", "W", "B", conv=LAYOUT, conv_transpose=LAYOUT),),
    normal=_as_operator,
    signatures=(
        Signature(
            "ConvTranspose",
            "X W B * auto_pad dilations group kernel_shape output_padding output_shape pads strides",
            read,
            kernel_size="kernel_shape",
            bias="B",
            has_bias=False,
        ),
    ),
)
