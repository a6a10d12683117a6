"""Layers on images with sizes that `jax.export` leaves open: what `ConvGeometry` computes for sizes that are numbers.

An open size is taken to be one that makes the layer possible: that is checked only where JAX knows the answer.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

from jtconv._geometry import arguments as arg
from jtconv._geometry import sizes
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import COUNTED_DOWN, SIZE_DEPENDENT, ConvGeometry
from jtconv._geometry.open_sizes import Size, any_open, is_open, not_below, surely
from jtconv._geometry.spec import ConvSpec

Axis = tuple[Size, Size, Pads]  # input size, output size and padding


def conv_spec(geometry: ConvGeometry, input_size: Sequence[Size]) -> ConvSpec:
    """The layer on an input of `input_size`, as `ConvGeometry.at`.

    The output size of an open axis is what lax gives: 0 where the kernel does not fit, which is then no error.
    """
    if not any_open(input_size):
        return geometry.at(tuple(input_size))
    found = {axis: _axis_of_input(geometry, axis, i) for axis, i in _open_axes(input_size)}
    return _with_axes(geometry.at(_numbers(geometry, input_size, found)), found)


def transposed_spec(geometry: ConvGeometry, output_size: Sequence[Size], output_padding: Any, target: Any) -> ConvSpec:
    """The layer that is transposed for y of `output_size`, as `ConvGeometry.transpose_output_size` finds it.

    `target` is the result's size, as the caller of `conv_transpose` may give it.
    """
    targets = None if target is None else arg.sizes_per_axis("output_size", target, geometry.ndim)
    if not any_open((*output_size, *(targets or ()))):
        return geometry.at(geometry.transpose_output_size(output_size, output_padding=output_padding, target=target))
    if targets is None:
        a = arg.per_axis("output_padding", 0 if output_padding is None else output_padding, geometry.ndim)
        found = {axis: _axis_of_output(geometry, axis, o, a[axis]) for axis, o in _open_axes(output_size)}
        known = {"output_padding": [0 if axis in found else each for axis, each in enumerate(a)]}
    else:
        arg.check_one_size(target, output_padding)
        pairs = enumerate(zip(output_size, targets, strict=True))
        found = {axis: _axis_between(geometry, axis, o, i) for axis, (o, i) in pairs if any_open((o, i))}
        smallest = geometry.input_size_range(_numbers(geometry, output_size, found))
        known = {"target": [smallest[axis][0] if axis in found else i for axis, i in enumerate(targets)]}
    return _with_axes(
        geometry.at(geometry.transpose_output_size(_numbers(geometry, output_size, found), **known)), found
    )


def _open_axes(input_size: Sequence[Size]) -> list[tuple[int, Size]]:
    return [(axis, i) for axis, i in enumerate(input_size) if is_open(i)]


def _with_axes(spec: ConvSpec, axes: dict[int, Axis]) -> ConvSpec:
    """`spec` with these axes in place of its own."""
    every = list(zip(spec.input_size, spec.output_size, spec.pads, strict=True))
    for axis, found in axes.items():
        every[axis] = found
    inputs, outputs, pads = zip(*every, strict=True)
    return replace(spec, input_size=inputs, output_size=outputs, pads=pads)


def _numbers(geometry: ConvGeometry, sizes: Sequence[Size], open_axes: Container[int]) -> list[int]:
    """`sizes` with numbers on the open axes."""
    return [_stand_in(geometry, axis) if axis in open_axes else size for axis, size in enumerate(sizes)]


def _stand_in(geometry: ConvGeometry, axis: int) -> int:
    """A size for which an open axis passes every check, in place of its own."""
    pads = () if isinstance(geometry.padding, str) else geometry.padding[axis]
    return geometry.effective_kernel_size[axis] + geometry.strides[axis] + sum(map(abs, pads)) + 1


def _axis_of_input(geometry: ConvGeometry, axis: int, i: Size) -> Axis:
    o, pads = _output(geometry, axis, i)
    if surely(lambda: o < 1):
        raise ValueError(
            f"the kernel does not fit: on spatial axis {axis} the effective kernel size d(k-1)+1 = "
            f"{geometry.effective_kernel_size[axis]} is larger than the image's size {i} with `padding` {pads}. Pad "
            f"more, or take a smaller kernel or dilation."
        )
    return i, not_below(o, 0), pads


def _pads(geometry: ConvGeometry, axis: int) -> Pads:
    """The padding of an axis, which no size changes."""
    return geometry.pads([_stand_in(geometry, axis)] * geometry.ndim)[axis]


def _output(geometry: ConvGeometry, axis: int, i: Size) -> tuple[Size, Pads]:
    """Output size and padding for an open input size; where nothing fits, the size may be below 0."""
    k, s, d = geometry.kernel_size[axis], geometry.strides[axis], geometry.dilation[axis]
    if geometry.padding not in SIZE_DEPENDENT:
        pads = _pads(geometry, axis)
        return sizes.conv_size(i, k, s, pads, d), pads
    o = -(-i // s)  # lax's expression for it
    total = not_below(s * (o - 1) + sizes.effective_kernel_size(k, d) - i, 0)
    small, large = total // 2, total - total // 2
    return o, (large, small) if geometry.padding == "SAME_LOWER" else (small, large)


def _axis_of_output(geometry: ConvGeometry, axis: int, o: Size, a: int) -> Axis:
    k, s, d = geometry.kernel_size[axis], geometry.strides[axis], geometry.dilation[axis]
    counted_down = geometry.padding in COUNTED_DOWN
    low, high = (1 - s, 0) if counted_down else (0, s - 1)
    if not low <= a <= high:
        raise ValueError(
            f"`output_padding` must be in [{low}, {high}] on spatial axis {axis} (stride {s}), got {a}: it says which "
            f"of the {s} sizes that the convolution maps to {o} is meant."
        )
    if counted_down:
        return s * o + a, o, _output(geometry, axis, s * o + a)[1]
    pads = _pads(geometry, axis)
    return not_below(sizes.transposed_size(o, k, s, pads, d, a), 0), o, pads


def _axis_between(geometry: ConvGeometry, axis: int, o: Size, i: Size) -> Axis:
    found, pads = _output(geometry, axis, i)
    if o not in (found, not_below(found, 0)):
        raise ValueError(
            f"`output_size` must be a size that the convolution surely maps to that of y, {o} on spatial axis {axis}, "
            f"got {i}, which it maps to {found}. Leave `output_size` out, or write it in terms of y's size."
        )
    return i, o, pads
