"""Cᵀ by lax: `lax.conv_transpose`, or `lax.conv_general_dilated` where there are groups.

Both insert s - 1 zeros between the positions of y and run a stride-1 convolution over them with
the kernel flipped and its channel axes swapped.
"""

from jax import Array, lax

from jtconv._arguments import Pads
from jtconv._arrays import Precision
from jtconv._conv import channels_last
from jtconv._methods.folded import folded
from jtconv._sized import SizedGeometry


@folded
def lax_transpose(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    numbers = channels_last(sized.ndim)
    if sized.groups == 1:
        return lax.conv_transpose(
            y,
            kernel,
            strides=sized.strides,
            padding=dilated_pads(sized),
            rhs_dilation=sized.dilation,
            dimension_numbers=numbers,
            transpose_kernel=True,
            precision=precision,
        )
    return lax.conv_general_dilated(
        y,
        flip_and_swap(kernel, sized.groups),
        window_strides=(1,) * sized.ndim,
        padding=dilated_pads(sized),
        lhs_dilation=sized.strides,
        rhs_dilation=sized.dilation,
        dimension_numbers=numbers,
        feature_group_count=sized.groups,
        precision=precision,
    )


def dilated_pads(sized: SizedGeometry) -> list[Pads]:
    """What lax must add around the zero-inserted y, per axis: it pads there, not where C does."""
    pads = []
    for axis, k in enumerate(sized.effective_kernel_size):
        lo = k - 1 - sized.pads[axis][0]
        spread = sized.strides[axis] * (sized.output_size[axis] - 1) + 1
        pads.append((lo, sized.input_size[axis] + k - 1 - spread - lo))
    return pads


def flip_and_swap(kernel: Array, groups: int) -> Array:
    """(*k, in_ch // groups, out_ch) -> (*k, out_ch // groups, in_ch), flipped in space."""
    *k, in_per_group, out_ch = kernel.shape
    blocks = lax.rev(kernel, range(len(k))).reshape(*k, in_per_group, groups, out_ch // groups)
    # (*k, I/g, g, O/g) -> (*k, O/g, g, I/g): the groups stay outermost in the last axis.
    swapped = blocks.swapaxes(-3, -1)
    return swapped.reshape(*k, out_ch // groups, groups * in_per_group)
