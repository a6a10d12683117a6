"""How Flax's own ConvTranspose stores its kernel, in Linen and NNX."""

from jtconv._kernel_layouts import KERAS, LAX, KernelLayout


def flax_layout(transpose_kernel: bool) -> KernelLayout:
    """The layout that `transpose_kernel` chooses; with it, the kernel is ours."""
    return KERAS if transpose_kernel else LAX
