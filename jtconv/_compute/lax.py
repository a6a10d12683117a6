"""C by lax's convolution, Cᵀ by lax's transposed one, and the kernel's gradient as JAX derives it.

Cᵀ inserts s - 1 zeros between the positions of y and runs a stride-1 convolution over them, with the kernel flipped
and its channel axes swapped. On a GPU that becomes cuDNN's backward-data convolution, in most layers without the zeros.
"""

from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import for_any_padding_mode, pad_zeros, padded
from jtconv._arrays.sharding import transpose_of
from jtconv._compute.implementation import ANYWHERE, Implementation
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec


def lax_conv(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    x, spec = padded(x, spec)
    outer, inner = spec.split_pads()
    return lax.conv_general_dilated(
        pad_zeros(x, outer),
        kernel,
        window_strides=spec.strides,
        padding=inner,
        rhs_dilation=spec.dilation,
        dimension_numbers=channels_last(spec.ndim),
        feature_group_count=spec.groups,
        precision=precision,
    )


@for_any_padding_mode
def lax_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y, by `lax.conv_transpose`, or by `lax.conv_general_dilated` where there are groups."""
    outer, inner = spec.split_pads()
    x = _zero_inserting(y, kernel, spec, _dilated_pads(spec, inner), precision)
    return pad_zeros(x, [(-lo, -hi) for lo, hi in outer])  # the transpose of padding is cropping


def kernel_gradient_by_lax(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    shape = (*spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])
    return transpose_of(lambda kernel: lax_conv(x, kernel, spec, precision), shape, x.dtype, y)


IMPLEMENTATIONS = (
    Implementation("lax", "forward", lax_conv, ANYWHERE, on_open_sizes=True),
    Implementation("lax", "transposed", lax_transpose, ANYWHERE, on_open_sizes=True),
    Implementation("lax", "kernel_gradient", kernel_gradient_by_lax, ANYWHERE, on_open_sizes=True),
)


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
    """Padding of the zero-inserted y, per axis: lax pads there, not where C does."""
    return [(k - 1 - lo, k - 1 - hi) for k, (lo, hi) in zip(spec.effective_kernel_size, inner, strict=True)]


def flip_and_swap(kernel: Array, groups: int) -> Array:
    """(*k, in_ch // groups, out_ch) -> (*k, out_ch // groups, in_ch), flipped in space."""
    *k, in_per_group, out_ch = kernel.shape
    blocks = lax.rev(kernel, range(len(k))).reshape(*k, in_per_group, groups, out_ch // groups)
    # (*k, I/g, g, O/g) -> (*k, O/g, g, I/g): the groups stay outermost in the last axis.
    swapped = blocks.swapaxes(-3, -1)
    return swapped.reshape(*k, out_ch // groups, groups * in_per_group)


def channels_last(ndim: int) -> lax.ConvDimensionNumbers:
    """lax's dimension numbers for (N, *size, ch) and (*kernel_size, in_ch, out_ch), any rank."""
    spatial = tuple(range(ndim))
    image = (0, ndim + 1, *(a + 1 for a in spatial))
    kernel = (ndim + 1, ndim, *spatial)
    return lax.ConvDimensionNumbers(image, kernel, image)
