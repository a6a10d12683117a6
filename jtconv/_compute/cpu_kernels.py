"""The C++ kernels in `cpu` as implementations, for a CPU.

They list the position that each tap reads or writes. lax is quicker where that list is too long, or nearly all padding.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod

import jax
from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.layers import layers_first, layers_last
from jtconv._arrays.padding import Run, for_any_padding_mode, padded
from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, Implementation, Request
from jtconv._compute.lax import kernel_gradient_by_lax, lax_conv, lax_transpose
from jtconv._compute.seen import seen_as
from jtconv._geometry.spec import ConvSpec

MAX_TAPS = 2**17  # taps in a list; each takes a hundred bytes and more
# Building the list dominates the time of a layer above the first bound and below the two others.
MIN_LONG_PHASE = 2**10  # taps of a phase
MAX_OUTPUT_SHARE = 2**-7  # outputs over taps of a phase
MAX_PRODUCT_SHARE = 2**-4  # images times pairs of channels, over taps of a phase; measured from 2,048 to 65,536 taps


def _lists_taps(request: Request) -> bool:
    """Whether C and the kernel's gradient have few enough taps to be listed."""
    return request.kernels_callable and request.batch_is_known and prod(request.spec.kernel_size) <= MAX_TAPS


def _lists_phases(request: Request) -> bool:
    """Whether Cᵀ has few enough taps in a phase to be listed, and the list is not nearly all padding."""
    spec, (y, kernel) = request.spec, request.shapes
    taps = prod(-(-k // s) for k, s in zip(spec.kernel_size, spec.strides, strict=True))  # of a phase
    is_thin = request.batch_is_known and y[0] * kernel[-2] * kernel[-1] <= MAX_PRODUCT_SHARE * taps
    mostly_padding = taps > MIN_LONG_PHASE and prod(spec.output_size) <= MAX_OUTPUT_SHARE * taps and is_thin
    return request.kernels_callable and taps <= MAX_TAPS and not mostly_padding


def _forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    x, spec = padded(x, spec)
    return _layer_by_layer(cpu.forward, lax_conv, x, kernel, spec, precision)


@for_any_padding_mode
def _transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    return _layer_by_layer(cpu.transposed, lax_transpose, y, kernel, spec, precision)


def _kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    x, spec = padded(x, spec)
    return _layer_by_layer(cpu.kernel_gradient, kernel_gradient_by_lax, x, y, spec, precision)


def _layer_by_layer(
    called: Callable[..., Array], form: Run, a: Array, b: Array, spec: ConvSpec, precision: Precision
) -> Array:
    """The map by `called`, which takes the layers that `jax.vmap` has merged apart again; XLA's tools see `form`."""
    one = replace(spec, groups=spec.groups // spec.layers, layers=1)
    by_xla = jax.vmap(partial(form, spec=one, precision=precision))
    product = seen_as(by_xla, partial(called, spec=one))
    return layers_last(product(layers_first(a, spec), layers_first(b, spec)), spec)


IMPLEMENTATIONS = (
    Implementation("cpu_kernels", "forward", _forward, (CPU,), _lists_taps, lambda _: 0),
    Implementation("cpu_kernels", "transposed", _transposed, (CPU,), _lists_phases, lambda _: 0, is_method=False),
    Implementation("cpu_kernels", "kernel_gradient", _kernel_gradient, (CPU,), _lists_taps, lambda _: 0),
)
