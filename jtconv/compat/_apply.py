"""The one call underneath every adapter."""

from typing import Any

from jax import Array

from jtconv._conv_transpose import conv_transpose
from jtconv._sized import SizedGeometry


def transposed_as_read(y: Array, kernel: Array, sized: SizedGeometry, **options: Any) -> Array:
    """Cᵀ y for the layer that a dialect has read, y and the kernel in this library's layouts.

    `options` are `conv_transpose`'s `precision`, `preferred_element_type` and `method`.
    """
    return conv_transpose(
        y,
        kernel,
        strides=sized.strides,
        padding=sized.pads,
        output_size=sized.input_size,
        dilation=sized.dilation,
        groups=sized.groups,
        padding_mode=sized.padding_mode,
        **options,
    )
