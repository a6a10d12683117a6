"""The one call underneath every adapter."""

from typing import Any

from jax import Array

from jtconv._conv_transpose import conv_transpose
from jtconv._geometry.spec import ConvSpec


def transposed_as_read(y: Array, kernel: Array, spec: ConvSpec, **options: Any) -> Array:
    """Return Cᵀ y for the layer that a framework's arguments say, y and the kernel in this library's layouts.

    `options` are `conv_transpose`'s `precision`, `preferred_element_type` and `method`.
    """
    return conv_transpose(
        y,
        kernel,
        strides=spec.strides,
        padding=spec.pads,
        output_size=spec.input_size,
        dilation=spec.dilation,
        groups=spec.groups,
        padding_mode=spec.padding_mode,
        **options,
    )
