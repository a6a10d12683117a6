"""The C++ kernels in `cpu` as implementations, for a CPU.

They list the position that each tap reads or writes. lax is quicker where that list is too long, or nearly all padding.
"""

from collections.abc import Callable
from dataclasses import replace
from math import prod

from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.layers import layers_first, layers_last
from jtconv._arrays.padding import Run, for_any_padding_mode, padded
from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec

MAX_TAPS = 2**17  # taps in a list; each takes a hundred bytes and more
# Building the list dominates the time of a layer above the first bound and below the two others.
MIN_LONG_PHASE = 2**10  # taps of a phase
MAX_OUTPUT_SHARE = 2**-7  # outputs over taps of a phase
MAX_PRODUCT_SHARE = 2**-4  # images times pairs of channels, over taps of a phase; measured from 2,048 to 65,536 taps


def _lists_taps(request: Request) -> bool:
    """Whether C and the kernel's gradient have few enough taps to be listed."""
    return request.kernels_callable and prod(request.spec.kernel_size) <= MAX_TAPS


def _lists_phases(request: Request) -> bool:
    """Whether Cᵀ has few enough taps in a phase to be listed, and the list is not nearly all padding."""
    spec, (y, kernel) = request.spec, request.shapes
    taps = prod(-(-k // s) for k, s in zip(spec.kernel_size, spec.strides, strict=True))  # of a phase
    is_thin = y[0] * kernel[-2] * kernel[-1] <= MAX_PRODUCT_SHARE * taps
    mostly_padding = taps > MIN_LONG_PHASE and prod(spec.output_size) <= MAX_OUTPUT_SHARE * taps and is_thin
    return request.kernels_callable and taps <= MAX_TAPS and not mostly_padding


def _forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    x, spec = padded(x, spec)
    return _layer_by_layer(cpu.forward, x, kernel, spec)


@for_any_padding_mode
def _transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    return _layer_by_layer(cpu.transposed, y, kernel, spec)


def _kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    x, spec = padded(x, spec)
    return _layer_by_layer(cpu.kernel_gradient, x, y, spec)


def _layer_by_layer(called: Callable[[Array, Array, ConvSpec], Array], a: Array, b: Array, spec: ConvSpec) -> Array:
    """The map by `called`, which takes apart the layers that `jax.vmap` has merged."""
    one = replace(spec, groups=spec.groups // spec.layers, layers=1)
    return layers_last(called(layers_first(a, spec), layers_first(b, spec), one), spec)


def _kernels(computes: str, run: Run, supports: Callable[[Request], bool], *, is_method: bool) -> Implementation:
    return Implementation(
        "cpu_kernels", computes, run, (CPU,), supports, lambda _: 0, is_method=is_method, is_opaque=True
    )


IMPLEMENTATIONS = (
    _kernels("forward", _forward, _lists_taps, is_method=True),
    _kernels("transposed", _transposed, _lists_phases, is_method=False),
    _kernels("kernel_gradient", _kernel_gradient, _lists_taps, is_method=True),
)
