"""Cᵀ by overlap-add (col2im): one matrix product, then the overlapping blocks are added.

The blocks of one axis lie s apart and are d(k-1)+1 long. Without dilation they are cut into
pieces of s, which lie side by side, so that a piece is placed by a reshape and ceil(k / s) pieces
are added; k = s needs no addition at all.
"""

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays import Precision
from jtconv._methods.columns import scaled_kernels
from jtconv._methods.folded import folded
from jtconv._sized import SizedGeometry


@folded
def overlap_add(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    x = scaled_kernels(y, kernel, sized.groups, precision)
    # Last axis first: (N, o1, o2, k1, k2, c) -> (N, o1, k1, x2, c) -> (N, x1, x2, c).
    for axis in reversed(range(sized.ndim)):
        outputs, taps = 1 + axis, 2 + 2 * axis
        line = _add_blocks(jnp.moveaxis(x, taps, outputs + 1), outputs, sized, axis)
        x = jnp.moveaxis(line, outputs, taps - 1)
    return x.astype(y.dtype)


def _add_blocks(blocks: Array, at: int, sized: SizedGeometry, axis: int) -> Array:
    """Axes `at` (outputs) and `at` + 1 (taps) become one axis of `input_size` positions."""
    s, d = sized.strides[axis], sized.dilation[axis]
    k, o = sized.kernel_size[axis], sized.output_size[axis]
    total = None
    for first, last in _pieces(k, s, d):
        taps = lax.slice_in_dim(blocks, first, last, axis=at + 1)
        spaced = _pad_axis(taps, at + 1, 0, s - (last - first))
        line = spaced.reshape(*blocks.shape[:at], o * s, *blocks.shape[at + 2 :])
        start = d * first - sized.pads[axis][0]
        placed = _pad_axis(line, at, start, sized.input_size[axis] - o * s - start)
        total = placed if total is None else total + placed
    assert total is not None  # a kernel has at least one tap
    return total


def _pieces(k: int, s: int, d: int) -> list[tuple[int, int]]:
    """Runs of taps that land side by side, no longer than a stride: first, and one past the last."""
    run = s if d == 1 else 1
    return [(t, min(t + run, k)) for t in range(0, k, run)]


def _pad_axis(x: Array, axis: int, lo: int, hi: int) -> Array:
    """Zeros before and after on one axis; negative amounts crop."""
    config = [(0, 0, 0)] * x.ndim
    config[axis] = (lo, hi, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config)
