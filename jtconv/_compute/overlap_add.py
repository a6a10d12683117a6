"""Cᵀ by overlap-add (col2im): one matrix product, then the overlapping blocks are added.

Along an axis cut into blocks of s positions, the taps of one run land in the same block; so each
run is moved to its block and phase, and added. k = s needs no addition at all.
"""

from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import block_counts, from_blocks, runs
from jtconv._arrays.checks import Precision
from jtconv._compute.depthwise import depthwise_transpose, is_depthwise
from jtconv._compute.folded import folded
from jtconv._compute.products import spread_taps
from jtconv._geometry.spec import ConvSpec


@folded
def overlap_add(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    if is_depthwise(kernel.shape, spec.groups):
        return depthwise_transpose(y, kernel, spec)
    n, ndim = y.shape[0], spec.ndim
    positions = n * prod(spec.output_size)
    columns = spread_taps(
        y.reshape(positions, y.shape[-1]), kernel.reshape(-1, *kernel.shape[-2:]), spec.groups, precision
    )
    x = columns.reshape(n, *spec.output_size, *spec.kernel_size, columns.shape[-1])
    for axis in range(ndim):  # (..., outputs, ..., taps, ...) -> (..., blocks, ..., phases, ...)
        x = _add_runs(x, 1 + axis, 1 + ndim + axis, spec, axis)
    return from_blocks(x, spec).astype(y.dtype)


def _add_runs(x: Array, outputs: int, taps: int, spec: ConvSpec, axis: int) -> Array:
    blocks, s = block_counts(spec)[axis], spec.strides[axis]
    total = None
    for run in runs(spec, axis):
        part = lax.slice_in_dim(x, run.tap, run.tap + run.taps, axis=taps)
        config = [(0, 0, 0)] * x.ndim
        config[outputs] = (run.block, blocks - run.block - x.shape[outputs], 0)
        config[taps] = (run.phase, s - run.phase - run.taps, 0)
        placed = lax.pad(part, jnp.zeros((), x.dtype), config)
        total = placed if total is None else total + placed
    assert total is not None  # a kernel has at least one tap
    return total
