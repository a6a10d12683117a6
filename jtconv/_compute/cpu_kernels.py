"""When C, Cᵀ and the kernel's gradient are computed by the C++ kernels in `cpu`: on a CPU, wherever they can be called.

They list where each tap reads or writes. Where such a list is too long, or nearly all of it padding, lax is quicker.
"""

from math import prod

from jtconv._compute import cpu
from jtconv._compute.implementation import CPU, Implementation, Request

MAX_TAPS = 2**17  # that the kernels list: pointers of a hundred bytes and more for each
MANY_TAPS = 2**10  # of a phase; with far fewer outputs most entries of the list are padding, and building it dominates
FEW_OUTPUTS = 2**-7  # by taps of a phase
THIN_LAYER = 2**-4  # images by pairs of channels, by taps: lax is quicker below, measured from 2,048 to 65,536 taps


def _lists_taps(request: Request) -> bool:
    """Whether C and the kernel's gradient have few enough taps to be listed."""
    return request.kernels_callable and request.batch_is_known and prod(request.spec.kernel_size) <= MAX_TAPS


def _lists_phases(request: Request) -> bool:
    """Whether Cᵀ has few enough taps in a phase, and not nearly all of them beside the few outputs.

    lax multiplies there by as many zeros, for every image and pair of channels, where the kernels list them once.
    """
    spec, (y, kernel) = request.spec, request.shapes
    taps = prod(-(-k // s) for k, s in zip(spec.kernel_size, spec.strides, strict=True))  # of a phase
    is_thin = request.batch_is_known and y[0] * kernel[-2] * kernel[-1] <= THIN_LAYER * taps
    mostly_padding = taps > MANY_TAPS and prod(spec.output_size) <= FEW_OUTPUTS * taps and is_thin
    return request.kernels_callable and taps <= MAX_TAPS and not mostly_padding


IMPLEMENTATIONS = (
    Implementation("cpu_kernels", "forward", cpu.forward, (CPU,), _lists_taps, lambda _: 0),
    Implementation("cpu_kernels", "transposed", cpu.transposed, (CPU,), _lists_phases, lambda _: 0, is_method=False),
    Implementation("cpu_kernels", "kernel_gradient", cpu.kernel_gradient, (CPU,), _lists_taps, lambda _: 0),
)
