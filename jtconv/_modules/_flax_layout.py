"""Kernel layout of Flax's own ConvTranspose, in Linen and NNX."""

from jtconv._kernel_layouts import KERAS, LAX, KernelLayout


def flax_layout(transpose_kernel: bool) -> KernelLayout:
    """The layout that `transpose_kernel` selects; if True, it is jtconv's."""
    return KERAS if transpose_kernel else LAX
