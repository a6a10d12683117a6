"""Cᵀ by overlap-add (col2im): one matrix product, then the overlapping blocks are added.

Along an axis cut into blocks of s positions, the taps of one run land in the same block; so each
run is moved to its block and phase, and added. k = s needs no addition at all.

On a TPU, moving the columns takes longer than the convolution, unless they are few, where y has many more channels
than positions. FCN-8's first layer, 4096 to 12 channels at 7x7, takes 13 thousand cycles on a v5e, by the bundles
issued, and lax's convolution 49, which reverses the kernel first.
"""

from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.blocks import block_counts, depth_to_space, has_few_pieces, runs
from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import for_any_padding_mode
from jtconv._compute.depthwise import depthwise_transpose, is_depthwise
from jtconv._compute.groups import spread_taps
from jtconv._compute.implementation import CPU, GPUS, TPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec

MIN_CHANNELS_TPU = 4  # of y, by its positions
MAX_COLUMNS = 2**23  # floats; above it, another implementation that needs none is taken
COLUMNS_ON_A_GPU = 0.25  # in multiplications over those needed: the cost of columns that are as large as all arrays


@for_any_padding_mode
def overlap_add(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    if is_depthwise(kernel.shape, spec.groups):
        return depthwise_transpose(y, kernel, spec)
    ndim = spec.ndim
    columns = spread_taps(y, kernel.reshape(-1, *kernel.shape[-2:]), spec.groups, precision)
    x = columns.reshape(*y.shape[:-1], *spec.kernel_size, columns.shape[-1])
    for axis in range(ndim):  # (..., outputs, ..., taps, ...) -> (..., blocks, ..., phases, ...)
        x = _add_runs(x, 1 + axis, 1 + ndim + axis, spec, axis)
    return depth_to_space(x, spec).astype(y.dtype)


def columns(request: Request) -> int:
    """Floats of the matrix product's result, which are written and read once more."""
    y, kernel = request.shapes
    return prod(y[:-1]) * prod(request.spec.kernel_size) * kernel[-2] * request.spec.groups


def _supports(request: Request) -> bool:
    """Where the CPU kernels cannot be called. Depthwise layers take one elementwise step for each piece."""
    spec = request.spec
    if request.platform == TPU:
        return _has_few_columns(request)
    few = has_few_pieces(spec) or not is_depthwise(request.shapes[1], spec.groups)
    return not request.kernels_callable and few


def _has_few_columns(request: Request) -> bool:
    """Whether the matrix product's result is much smaller than the kernel, for one group of channels."""
    spec, (y, _) = request.spec, request.shapes
    few = spec.groups == 1 < max(spec.strides, default=1) and not request.is_estimate and has_few_pieces(spec)
    return few and y[-1] > MIN_CHANNELS_TPU * prod(y[:-1])


def _cost(request: Request) -> float:
    if request.platform == TPU:
        return 0
    if is_depthwise(request.shapes[1], request.spec.groups):
        return -1  # before all others
    return _cpu_cost(request) if request.platform == CPU else _gpu_cost(request)


def _cpu_cost(request: Request) -> float:
    spec, kernel = request.spec, request.shapes[1]
    # XLA's convolution takes 10 times longer with a single output channel, in 3-D.
    single = kernel[-2] * spec.groups == 1 and spec.ndim == 3 and has_few_pieces(spec)
    return 0 if single and not request.is_estimate and columns(request) <= MAX_COLUMNS else columns(request)


def _gpu_cost(request: Request) -> float:
    spec, (y, kernel) = request.spec, request.shapes
    x = y[0] * prod(spec.input_size) * kernel[-2] * spec.groups
    return 1 + COLUMNS_ON_A_GPU * columns(request) / (prod(y) + prod(kernel) + x)


IMPLEMENTATIONS = (
    Implementation("overlap_add", "transposed", overlap_add, (CPU, TPU, *GPUS), _supports, _cost, on_open_sizes=True),
)


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
