"""C, Cᵀ and the kernel's gradient of a dilated convolution, by one that has less dilation or none.

Output o reads positions s·o + d·t of the padded input, t counting taps. Two things follow on each axis.

With g the common factor of s and d, only every g-th position is read: the layer is the one of stride s/g and dilation
d/g on these positions. The others are zero in Cᵀ y.

If s and d have no common factor, the outputs r, r + d, r + 2d, … read positions s·r + d·m only, and no two such sets
share a position. So they are d layers without dilation, which become one layer of d times as many images. With s = 1
this is the atrous algorithm (Holschneider et al. 1990).

XLA calls cuDNN's backward-data and backward-filter convolutions for layers without dilation. In others it multiplies by
zeros for Cᵀ, and takes the whole image as a window for the kernel's gradient. On a TPU dilation costs less than to
rearrange an image: with 3x3 taps, stride and dilation 2, 11 thousand bundles as it is, 14 without.
"""

from math import gcd, prod
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import Run, for_any_padding_mode, pad_zeros, padded
from jtconv._compute.implementation import GPUS, Request
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec

MAX_PARTS = 64  # sets of outputs, each a slice in the program
MAX_GROWTH = 1.35  # multiplications for outputs added to make the sets equally large, over those needed


class _Axis(NamedTuple):
    """How one axis is cut.

    Part r of x has positions s·r + step·m of the padded input, m below `length`. A single part keeps its padding:
    it is every step-th position of x from `start` on.
    """

    parts: int
    stride: int  # of the convolution
    step: int
    length: int
    outputs: int  # of one part
    new_stride: int
    new_dilation: int
    start: int
    pads: Pads  # of a part

    def outputs_of(self, part: int, all_outputs: int) -> int:
        """How many of the outputs are in a part; the last parts may have one fewer."""
        return -(-(all_outputs - part) // self.parts)

    def place(self, part: int) -> tuple[int, int]:
        """(block, phase) of the part's first position, in blocks of `step` positions."""
        return divmod(self.stride * part, self.step)


def reducible(computes: str, request: Request) -> bool:
    """Whether `without_dilation` computes the map by another layer, on a GPU. The choice needs sizes."""
    if request.platform not in GPUS or request.spec.is_open:
        return False
    axes = _axes(computes, request.spec)
    reads_nothing = any(axis.length <= sum(axis.pads) for axis in axes)  # of x, but padding only
    return any(axis.step > 1 for axis in axes) and not reads_nothing


def without_dilation(computes: str, run: Run) -> Run:
    """The map `computes` of a dilated layer, by `run` on a layer that has less dilation."""

    def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        x, spec = padded(x, spec)
        axes = _axes(computes, spec)
        return run(_parts_of_input(x, spec, axes), kernel, _reduced(spec, axes), precision)

    @for_any_padding_mode
    def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        axes = _axes(computes, spec)
        parts = run(_parts_of_output(y, axes), kernel, _reduced(spec, axes), precision)
        return _whole_input(parts, spec, axes)

    def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
        x, spec = padded(x, spec)
        axes = _axes(computes, spec)
        return run(_parts_of_input(x, spec, axes), _parts_of_output(y, axes), _reduced(spec, axes), precision)

    return {"forward": forward, "transposed": transposed, "kernel_gradient": kernel_gradient}[computes]


def _axes(computes: str, spec: ConvSpec) -> list[_Axis]:
    axes = range(spec.ndim)
    split = [_axis(spec, a, separate=_separates(computes, spec)) for a in axes]
    growth = prod(a.parts * a.outputs / o for a, o in zip(split, spec.output_size, strict=True))
    if prod(a.parts for a in split) <= MAX_PARTS and growth <= MAX_GROWTH:
        return split
    return [_axis(spec, a, separate=False) for a in axes]


def _separates(computes: str, spec: ConvSpec) -> bool:
    """Whether the outputs are to be separated. XLA computes C with dilation, and Cᵀ without strides, as they are."""
    strided = any(spec.strides[a] > _common(spec, a) for a in range(spec.ndim))
    return computes == "kernel_gradient" or (computes == "transposed" and strided)


def _common(spec: ConvSpec, axis: int) -> int:
    return gcd(spec.strides[axis], spec.dilation[axis]) if spec.kernel_size[axis] > 1 else 1


def _axis(spec: ConvSpec, axis: int, *, separate: bool) -> _Axis:
    common, k, o, s = _common(spec, axis), spec.kernel_size[axis], spec.output_size[axis], spec.strides[axis]
    dilation = spec.dilation[axis] // common if k > 1 else 1
    parts = dilation if separate and dilation <= o else 1  # of fewer outputs than sets nothing would be gained
    new_dilation = 1 if parts > 1 else dilation
    outputs = -(-o // parts)
    length = s // common * (outputs - 1) + new_dilation * (k - 1) + 1
    start, pads = (0, (0, 0)) if parts > 1 else _single_part(spec, axis, common, length)
    return _Axis(parts, s, common * parts, length, outputs, s // common, new_dilation, start, pads)


def _single_part(spec: ConvSpec, axis: int, step: int, length: int) -> tuple[int, Pads]:
    """Where the positions that are read begin in x, and how many more of them its padding holds."""
    (lo, _), size = spec.pads[axis], spec.input_size[axis]
    start = -lo % step
    before = (lo + start) // step
    return start, (before, length - before - _every(size, start, step))


def _every(size: int, start: int, step: int) -> int:
    """How many of `size` positions are `start`, `start + step`, …"""
    return max(0, -(-(size - start) // step))


def _reduced(spec: ConvSpec, axes: list[_Axis]) -> ConvSpec:
    return ConvSpec(
        input_size=tuple(a.length - sum(a.pads) for a in axes),
        output_size=tuple(a.outputs for a in axes),
        kernel_size=spec.kernel_size,
        strides=tuple(a.new_stride for a in axes),
        pads=tuple(a.pads for a in axes),
        dilation=tuple(a.new_dilation for a in axes),
        groups=spec.groups,
        padding_mode="zeros",
        layers=spec.layers,
    )


def _parts_of_input(x: Array, spec: ConvSpec, axes: list[_Axis]) -> Array:
    """(N, *input_size, ch) -> (N * parts, *sizes, ch): an image's parts stay together, as a mesh may cut the batch."""
    for at, axis in enumerate(axes, 1):
        if axis.parts == 1:
            x = lax.slice_in_dim(x, min(axis.start, x.shape[at]), x.shape[at], axis.step, at)
        else:
            x = _separated(x, at, axis, spec)
    return x


def _separated(x: Array, at: int, axis: _Axis, spec: ConvSpec) -> Array:
    """The parts of x along one axis, each with zeros to be as long as the longest."""
    (lo, _), o, k = spec.pads[at - 1], spec.output_size[at - 1], spec.kernel_size[at - 1]
    read = axis.stride * (o - 1) + spec.dilation[at - 1] * (k - 1) + 1
    x = _padded_axis(x, at, lo, read - lo - x.shape[at])
    parts = []
    for r in range(axis.parts):
        length = axis.new_stride * (axis.outputs_of(r, o) - 1) + k
        begin = axis.stride * r
        part = lax.slice_in_dim(x, begin, begin + axis.step * (length - 1) + 1, axis.step, at)
        parts.append(_padded_axis(part, at, 0, axis.length - length))
    return jnp.stack(parts, 1).reshape(-1, *parts[0].shape[1:])


def _parts_of_output(y: Array, axes: list[_Axis]) -> Array:
    """(N, *output_size, ch) -> (N * parts, *outputs, ch): output r + parts·p is the p-th of part r."""
    y = pad_zeros(y, [(0, a.parts * a.outputs - o) for a, o in zip(axes, y.shape[1:-1], strict=True)])
    for at, axis in enumerate(axes, 1):
        apart = y.reshape(*y.shape[:at], axis.outputs, axis.parts, *y.shape[at + 1 :])
        front = jnp.moveaxis(apart, at + 1, 1)
        y = front.reshape(y.shape[0] * axis.parts, *front.shape[2:])
    return y


def _whole_input(x: Array, spec: ConvSpec, axes: list[_Axis]) -> Array:
    """The transpose of `_parts_of_input`."""
    for at, axis in reversed(list(enumerate(axes, 1))):
        size, (lo, _) = spec.input_size[at - 1], spec.pads[at - 1]
        if axis.parts == 1:
            spaced = _in_blocks(x, at, axis.start, axis.step)
            x = _padded_axis(spaced, at, 0, size - spaced.shape[at])
        else:
            together = _interleaved(x.reshape(-1, axis.parts, *x.shape[1:]), at, axis)
            x = _padded_axis(together, at, -lo, lo + size - together.shape[at])
    return x


def _interleaved(parts: Array, at: int, axis: _Axis) -> Array:
    """(N, parts, ...) -> (N, ...), whose axis `at` has every part at its places, and zeros at the others."""
    blocks = axis.place(axis.parts - 1)[0] + axis.length
    columns = {}
    for r in range(axis.parts):
        block, phase = axis.place(r)
        columns[phase] = _padded_axis(parts[:, r], at, block, blocks - block - axis.length)
    order = sorted(columns)  # phases that are multiples of the common factor
    stacked = jnp.stack([columns[phase] for phase in order], at + 1)
    together = stacked.reshape(*stacked.shape[:at], blocks * len(order), *stacked.shape[at + 2 :])
    return _in_blocks(together, at, 0, axis.step // len(order))


def _in_blocks(x: Array, at: int, phase: int, step: int) -> Array:
    """Each position of an axis at `phase` of a block of `step` positions, the others zero."""
    if step == 1:
        return x
    apart = _padded_axis(jnp.expand_dims(x, at + 1), at + 1, phase, step - 1 - phase)
    return apart.reshape(*x.shape[:at], x.shape[at] * step, *x.shape[at + 1 :])


def _padded_axis(x: Array, at: int, before: int, after: int) -> Array:
    """x with zeros around an axis; negative amounts crop."""
    if before == after == 0:
        return x
    config = [(0, 0, 0)] * x.ndim
    config[at] = (before, after, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config)
