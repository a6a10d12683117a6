"""Cᵀ by phases: the outputs r, r + s, r + 2s, … see only every s-th tap, whichever r.

So each phase is a stride-1 convolution of y with its own small kernel, no zero is multiplied, and
the phases are interleaved (depth to space). Kernel segregation in arXiv:2209.03704 and
arXiv:2502.20493 is the same idea.
"""

import itertools
from math import gcd, prod
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arguments import Pads
from jtconv._arrays import Precision
from jtconv._conv import channels_last
from jtconv._methods.folded import folded
from jtconv._methods.lax import flip_and_swap
from jtconv._sized import SizedGeometry


class _Phase(NamedTuple):
    """One residue of one axis: which taps it sees and how y is padded for them."""

    taps: slice
    count: int
    pads: Pads
    dilation: int


@folded
def polyphase(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    axes = [[_phase(sized, axis, r) for r in range(s)] for axis, s in enumerate(sized.strides)]
    phases = [
        _phase_image(y, kernel, sized, combination, precision) for combination in itertools.product(*axes)
    ]
    return _interleave(jnp.stack(phases, axis=1), sized)


def _phase(sized: SizedGeometry, axis: int, r: int) -> _Phase:
    """Position s·m + r is reached by tap t from o = m - (d·t - r - lo) / s, where that is whole."""
    s, d, k = sized.strides[axis], sized.dilation[axis], sized.kernel_size[axis]
    shift = r + sized.pads[axis][0]
    step = s // gcd(s, d)
    first = next((t for t in range(min(step, k)) if (d * t - shift) % s == 0), k)
    count = len(range(first, k, step))
    spacing = d // gcd(s, d)
    lo = (d * first - shift) // s + (count - 1) * spacing
    positions = -(-sized.input_size[axis] // s)
    hi = positions - sized.output_size[axis] - lo + (count - 1) * spacing
    return _Phase(slice(first, k, step), count, (lo, hi), spacing)


def _phase_image(
    y: Array, kernel: Array, sized: SizedGeometry, phases: tuple[_Phase, ...], precision: Precision
) -> Array:
    if prod(p.count for p in phases) == 0:  # no tap lands here: stride above the kernel's reach
        positions = (-(-i // s) for i, s in zip(sized.input_size, sized.strides, strict=True))
        return jnp.zeros((y.shape[0], *positions, kernel.shape[-2] * sized.groups), y.dtype)
    return lax.conv_general_dilated(
        y,
        flip_and_swap(kernel[tuple(p.taps for p in phases)], sized.groups),
        window_strides=(1,) * sized.ndim,
        padding=[p.pads for p in phases],
        rhs_dilation=[p.dilation for p in phases],
        dimension_numbers=channels_last(sized.ndim),
        feature_group_count=sized.groups,
        precision=precision,
    )


def _interleave(phases: Array, sized: SizedGeometry) -> Array:
    """(N, prod(s), *positions, ch) -> (N, *input_size, ch)."""
    n, _, *positions, ch = phases.shape
    ndim = sized.ndim
    split = phases.reshape(n, *sized.strides, *positions, ch)
    order = [0, *itertools.chain.from_iterable((1 + ndim + a, 1 + a) for a in range(ndim)), 2 * ndim + 1]
    full = split.transpose(order).reshape(
        n, *(p * s for p, s in zip(positions, sized.strides, strict=True)), ch
    )
    return full[(slice(None), *(slice(i) for i in sized.input_size))]
