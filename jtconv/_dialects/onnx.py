"""ONNX's operator ConvTranspose, as of opset 22; where the standard is silent, as onnxruntime 1.31 computes it."""

from collections.abc import Sequence
from typing import Any

from jtconv._dialects import _checks
from jtconv._dialects._sized_layers import sized_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry import sizes
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec

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
    """The convolution whose transpose the operator with these attributes computes."""
    ndim = len(kernel_size)
    rule = arg.one_of("auto_pad", auto_pad, AUTO_PADS)
    steps = _ints("strides", strides, 1, ndim, minimum=1)
    dilation = _ints("dilations", dilations, 1, ndim, minimum=1)
    rests = _ints("output_padding", output_padding, 0, ndim, minimum=0)
    explicit = _pairs(pads, rule, ndim)
    _check_kernel_shape(kernel_shape, kernel_size)
    targets = None if output_shape is None else _ints("output_shape", output_shape, 1, ndim, minimum=1)
    all_pads, all_rests = [], []
    for axis, (o, k, s, d, a) in enumerate(zip(y_size, kernel_size, steps, dilation, rests, strict=True)):
        _check_rest(axis, a, s, d)
        full = sizes.transposed_size(o, k, s, (0, 0), d, a)
        wanted = targets[axis] if targets else s * o if rule.startswith("SAME") else None
        pair = explicit[axis] if wanted is None else _shared_out(full - wanted, rule)
        more = max(wanted - full, 0) if targets and wanted else 0
        _check_size(axis, full - sum(pair), pair, more + a, max(s, d) if a >= s else s)
        all_pads.append(pair)
        all_rests.append(a + more)
    return sized_layer(
        y_size,
        kernel_size,
        strides=steps,
        pads=all_pads,
        dilation=dilation,
        output_padding=all_rests,
        groups=arg.at_least("group", arg.integer("group", group), 1),
    )


def _ints(name: str, value: Any, default: int, ndim: int, *, minimum: int) -> tuple[int, ...]:
    values = (default,) * ndim if value is None else _checks.ints(name, value, ndim)
    return tuple(arg.at_least(name, v, minimum) for v in values)


def _pairs(pads: Sequence[int] | None, auto_pad: str, ndim: int) -> list[Pads]:
    """All starts, then all ends, as pairs."""
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
    if kernel_shape is not None and _checks.ints("kernel_shape", kernel_shape, len(kernel_size)) != tuple(kernel_size):
        raise ValueError(f"`kernel_shape` must be W's {tuple(kernel_size)}, got {kernel_shape!r}. Leave it out.")


def _check_rest(axis: int, a: int, s: int, d: int) -> None:
    if a >= max(s, d):
        raise ValueError(
            f"`output_padding` must be smaller than the stride or the dilation, {s} and {d} on spatial axis {axis}, "
            f"got {a}."
        )


def _shared_out(total: int, auto_pad: str) -> Pads:
    """Both ends of the padding that leaves a size; the odd unit goes to the end for SAME_UPPER only.

    The standard allows no negative one: a result that could be longer than all contributions is not.
    """
    small, large = max(total, 0) // 2, (max(total, 0) + 1) // 2
    return (small, large) if auto_pad == "SAME_UPPER" else (large, small)


def _check_size(axis: int, size: int, pads: Pads, rest: int, below: int) -> None:
    if size < 1:
        raise ValueError(
            f"`pads` {pads} leave an output of size {size} on spatial axis {axis}: stride·(input - 1) + "
            f"output_padding + dilation·(kernel - 1) + 1 - start - end must be at least 1. Pad less."
        )
    if rest >= below:
        raise ValueError(
            f"`output_shape` {size + rest} on spatial axis {axis} is too large: without padding the result has "
            f"{size} positions, and at most {below - 1} can be added, less than the stride. Take a smaller one."
        )
