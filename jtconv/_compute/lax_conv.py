"""C by lax's convolution, and the kernel's gradient as JAX derives it from that."""

from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.linear import transpose_of
from jtconv._arrays.padding import pad_zeros, padded
from jtconv._geometry.spec import ConvSpec


def lax_conv(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C on (N, *input_size, in_ch), all arguments checked."""
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


def kernel_gradient_by_lax(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """(N, *input_size, in_ch), (N, *output_size, out_ch) -> (*kernel_size, in_ch // groups, out_ch)."""
    shape = (*spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])
    return transpose_of(lambda kernel: lax_conv(x, kernel, spec, precision), shape, x.dtype, y)


def channels_last(ndim: int) -> lax.ConvDimensionNumbers:
    """lax's dimension numbers for (N, *size, ch) and (*kernel_size, in_ch, out_ch), any rank."""
    spatial = tuple(range(ndim))
    image = (0, ndim + 1, *(a + 1 for a in spatial))
    kernel = (ndim + 1, ndim, *spatial)
    return lax.ConvDimensionNumbers(image, kernel, image)
