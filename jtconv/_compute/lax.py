"""Cᵀ by lax: `lax.conv_transpose`, or `lax.conv_general_dilated` where there are groups.

Both insert s - 1 zeros between the positions of y and run a stride-1 convolution over them with
the kernel flipped and its channel axes swapped.
"""

from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import pad_zeros
from jtconv._compute.folded import folded
from jtconv._compute.lax_conv import channels_last
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec


@folded
def lax_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    outer, inner = spec.split_pads()
    x = _zero_inserting(y, kernel, spec, _dilated_pads(spec, inner), precision)
    return pad_zeros(x, [(-lo, -hi) for lo, hi in outer])  # the transpose of padding is cropping


def _zero_inserting(y: Array, kernel: Array, spec: ConvSpec, pads: list[Pads], precision: Precision) -> Array:
    numbers = channels_last(spec.ndim)
    if spec.groups == 1:
        return lax.conv_transpose(
            y,
            kernel,
            strides=spec.strides,
            padding=pads,
            rhs_dilation=spec.dilation,
            dimension_numbers=numbers,
            transpose_kernel=True,
            precision=precision,
        )
    return lax.conv_general_dilated(
        y,
        flip_and_swap(kernel, spec.groups),
        window_strides=(1,) * spec.ndim,
        padding=pads,
        lhs_dilation=spec.strides,
        rhs_dilation=spec.dilation,
        dimension_numbers=numbers,
        feature_group_count=spec.groups,
        precision=precision,
    )


def _dilated_pads(spec: ConvSpec, inner: list[Pads]) -> list[Pads]:
    """What lax must add around the zero-inserted y, per axis: it pads there, not where C does."""
    return [(k - 1 - lo, k - 1 - hi) for k, (lo, hi) in zip(spec.effective_kernel_size, inner, strict=True)]


def flip_and_swap(kernel: Array, groups: int) -> Array:
    """(*k, in_ch // groups, out_ch) -> (*k, out_ch // groups, in_ch), flipped in space."""
    *k, in_per_group, out_ch = kernel.shape
    blocks = lax.rev(kernel, range(len(k))).reshape(*k, in_per_group, groups, out_ch // groups)
    # (*k, I/g, g, O/g) -> (*k, O/g, g, I/g): the groups stay outermost in the last axis.
    swapped = blocks.swapaxes(-3, -1)
    return swapped.reshape(*k, out_ch // groups, groups * in_per_group)
