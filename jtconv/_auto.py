"""What computes C, Cᵀ and the kernel's gradient, where nobody says so: rules on static facts.

On a CPU XLA multiplies by the zeros that lax's transposed convolution inserts, and both gradients
of a convolution leave its fast path; so there each of the three has rules of its own, drawn from
measurements of the layers in `jtconv.bench`. Accelerators are left to lax.
"""

from math import prod

from jtconv._blocks import block_counts, pieces
from jtconv._sized import SizedGeometry

Shape = tuple[int, ...]

_COLUMNS = 0.9  # what a float of the columns costs overlap-add, in floats that polyphase moves
_THIN = 8  # how many times a product's other sides must be longer to call it thin
_FEWEST_CHANNELS = 16  # of a group in a product; smaller groups are merged
_MOST_PRODUCTS = 256  # as many are still compiled in a second or two


def choose_transposed(sized: SizedGeometry, y: Shape, kernel: Shape, platform: str) -> str:
    """The method for Cᵀ, by name, for y and kernel of these shapes, on "cpu", "gpu" or "tpu"."""
    if platform != "cpu":
        return "lax"
    in_ch = kernel[-2] * sized.groups
    # XLA's convolution takes 10 times longer with a single output channel, in 3-D.
    if _depthwise(kernel, sized.groups) or in_ch == 1:
        return "overlap_add"
    # Both do the same arithmetic. One writes and reads the columns, the other reorders kernel and x.
    columns = prod(y[:-1]) * prod(sized.kernel_size) * in_ch
    x = y[0] * prod(sized.input_size) * in_ch
    return "overlap_add" if columns < _COLUMNS * (prod(kernel) + x) else "polyphase"


def groups_together(sized: SizedGeometry, kernel: Shape, platform: str) -> int:
    """How many groups Cᵀ takes together as one."""
    out_ch = kernel[-1] // sized.groups
    if platform != "cpu" or _depthwise(kernel, sized.groups):
        return 1
    divisors = (n for n in range(1, sized.groups) if sized.groups % n == 0)
    return next((n for n in divisors if n * out_ch >= _FEWEST_CHANNELS), sized.groups)


def choose_forward(sized: SizedGeometry, x: Shape, kernel: Shape, platform: str) -> str:
    """The way of computing C: "lax", "depthwise" or "blocks"."""
    if platform != "cpu":
        return "lax"
    if _depthwise(kernel, sized.groups) and prod(sized.kernel_size) <= _MOST_PRODUCTS:
        return "depthwise"
    overlapping = any(k > s for k, s in zip(sized.kernel_size, sized.strides, strict=True))
    return "blocks" if overlapping and _thin_blocks(sized, x[-1], kernel[-1]) else "lax"


def choose_kernel_gradient(sized: SizedGeometry, x: Shape, y: Shape, platform: str) -> str:
    """The way of computing the kernel's gradient: "lax", "pieces" or "blocks"."""
    if platform != "cpu":
        return "lax"
    if _thin_blocks(sized, x[-1], y[-1]):
        return "blocks"
    return "pieces" if len(pieces(sized)) <= _MOST_PRODUCTS else "lax"


def _depthwise(kernel: Shape, groups: int) -> bool:
    return kernel[-2] == 1 and kernel[-1] == groups


def _thin_blocks(sized: SizedGeometry, in_ch: int, out_ch: int) -> bool:
    """Whether a block of x holds much more than all that is made of it, as in an FCN's last layers."""
    if sized.groups > 1 or max(sized.dilation, default=1) > 1 or sized.ndim == 0:
        return False
    shifts = prod(m - o + 1 for m, o in zip(block_counts(sized), sized.output_size, strict=True))
    return _THIN * shifts * out_ch <= prod(sized.strides) * in_ch
