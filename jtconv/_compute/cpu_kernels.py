"""The C++ kernels in `cpu` as implementations, for a CPU.

They list the position that each tap reads or writes. lax is quicker where that list is too long, or nearly all padding.
"""

from math import prod

from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, Implementation, Request

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


IMPLEMENTATIONS = (
    Implementation("cpu_kernels", "forward", cpu.forward, (CPU,), _lists_taps, lambda _: 0),
    Implementation("cpu_kernels", "transposed", cpu.transposed, (CPU,), _lists_phases, lambda _: 0, is_method=False),
    Implementation("cpu_kernels", "kernel_gradient", cpu.kernel_gradient, (CPU,), _lists_taps, lambda _: 0),
)
