"""What computes C, Cᵀ and the kernel's gradient, where nobody says so: rules on static facts.

On a CPU XLA multiplies by the zeros that lax's transposed convolution inserts, and both gradients
of a convolution leave its fast path; so there each of the three is computed by kernels of our own.
Where these cannot be called the rules choose among compositions of XLA's operations; they were
drawn from measurements of the layers in `jtconv.bench`. Accelerators are left to lax.
"""

from math import prod

from jtconv._arrays.blocks import pieces, shift_counts
from jtconv._compute.depthwise import is_depthwise
from jtconv._geometry.spec import ConvSpec

Shape = tuple[int, ...]

NATIVE = "native"  # the platform "cpu" where the kernels of `_native` can be called

_CPU = ("cpu", NATIVE)

_COLUMNS = 0.9  # what a float of the columns costs overlap-add, in floats that polyphase moves
_THIN = 8  # how many times a product's other sides must be longer to call it thin
_FEWEST_CHANNELS = 16  # of a group in a product; smaller groups are merged
_MOST_CHANNELS = 64  # of groups merged
_SMALL_GROUPS = ((2, 2), (4, 4))  # channels of a group, in and out, for which our kernels have tiles
_MOST_PIECES = 64  # of a kernel: the time to compile grows faster than their number
_MOST_TAPS = 2**17  # that our kernels list: pointers of a hundred bytes and more for each
_MANY_TAPS = 2**10  # in a phase; with far fewer outputs most of the list is of zeros, and making it what takes time
_FEW_OUTPUTS = 2**-7  # by taps
_THIN_LAYER = 2**-4  # images by pairs of channels, by taps: lax is quicker below, measured from 2,048 to 65,536 taps
_MOST_COLUMNS = 2**23  # floats: more are not asked for where a way without them is known


def choose_transposed(spec: ConvSpec, y: Shape, kernel: Shape, platform: str | None) -> str:
    """The method for Cᵀ by name, or "native", for y and kernel of these shapes.

    `platform` is `NATIVE`, "cpu", another's name or None.
    """
    if platform == NATIVE:
        return "lax" if _lists_zeros(spec, y, kernel) else "native"
    if platform not in _CPU:
        return "lax"
    if not _known(y):
        return "polyphase"
    few = len(pieces(spec)) <= _MOST_PIECES
    if is_depthwise(kernel, spec.groups):
        return "overlap_add" if few else "polyphase"
    in_ch = kernel[-2] * spec.groups
    columns = prod(y[:-1]) * prod(spec.kernel_size) * in_ch
    # XLA's convolution takes 10 times longer with a single output channel, in 3-D.
    if in_ch == 1 and spec.ndim == 3 and few and columns <= _MOST_COLUMNS:
        return "overlap_add"
    # Both do the same arithmetic. One writes and reads the columns, the other reorders kernel and x.
    x = y[0] * prod(spec.input_size) * in_ch
    return "overlap_add" if columns < _COLUMNS * (prod(kernel) + x) else "polyphase"


def groups_together(spec: ConvSpec, kernel: Shape, platform: str | None) -> int:
    """How many groups Cᵀ takes together as one: only those of one layer, where `jax.vmap` has joined several."""
    group = (kernel[-2], kernel[-1] // spec.groups)
    if platform not in _CPU or is_depthwise(kernel, spec.groups) or (platform == NATIVE and group in _SMALL_GROUPS):
        return 1
    own, widest = spec.groups // spec.layers, max(group)
    possible = [n for n in range(1, own + 1) if own % n == 0 and (n == 1 or n * widest <= _MOST_CHANNELS)]
    return next((n for n in possible if n * widest >= _FEWEST_CHANNELS), possible[-1])


def choose_forward(spec: ConvSpec, x: Shape, kernel: Shape, platform: str | None) -> str:
    """The way of computing C: "native", "lax", "depthwise" or "blocks"."""
    if platform not in _CPU or not _known(x):
        return "lax"
    if platform == NATIVE:
        return _native_where_listed(spec)
    if is_depthwise(kernel, spec.groups) and prod(spec.kernel_size) <= _MOST_PIECES:
        return "depthwise"
    overlapping = any(k > s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    return "blocks" if overlapping and _thin_blocks(spec, x[-1], kernel[-1]) else "lax"


def choose_kernel_gradient(spec: ConvSpec, x: Shape, y: Shape, platform: str | None) -> str:
    """The way of computing the kernel's gradient: "native", "lax", "pieces" or "blocks"."""
    if platform not in _CPU or not _known(x):
        return "lax"
    if platform == NATIVE:
        return _native_where_listed(spec)
    if _thin_blocks(spec, x[-1], y[-1]):
        return "blocks"
    return "pieces" if len(pieces(spec)) <= _MOST_PIECES else "lax"


def _native_where_listed(spec: ConvSpec) -> str:
    return "native" if prod(spec.kernel_size) <= _MOST_TAPS else "lax"


def _lists_zeros(spec: ConvSpec, y: Shape, kernel: Shape) -> bool:
    """Whether Cᵀ by our kernels would be busy with taps that nearly all fall beside the few outputs.

    lax multiplies there by as many zeros, for every image and pair of channels, where ours list them once.
    """
    taps = prod(-(-k // s) for k, s in zip(spec.kernel_size, spec.strides, strict=True))  # of a phase
    if taps > _MOST_TAPS:
        return True
    is_thin = _known(y) and y[0] * kernel[-2] * kernel[-1] <= _THIN_LAYER * taps
    return taps > _MANY_TAPS and prod(spec.output_size) <= _FEW_OUTPUTS * taps and is_thin


def _known(shape: Shape) -> bool:
    """Whether all sizes are numbers: `jax.export` may leave the batch open."""
    return all(isinstance(size, int) for size in shape)


def _thin_blocks(spec: ConvSpec, in_ch: int, out_ch: int) -> bool:
    """Whether a block of x holds much more than all that is made of it, as in an FCN's last layers."""
    uneven = any(k % s for k, s in zip(spec.kernel_size, spec.strides, strict=True))
    if spec.groups > 1 or max(spec.dilation, default=1) > 1 or uneven or spec.ndim == 0:
        return False
    return _THIN * prod(shift_counts(spec)) * out_ch <= prod(spec.strides) * in_ch
