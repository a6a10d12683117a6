"""This library's own words, `jtconv.conv_transpose`."""

from collections.abc import Sequence

from jtconv._geometry.arguments import Padding
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    output_size: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> ConvSpec:
    """The convolution that is transposed, for y of `y_size`."""
    geometry = ConvGeometry(
        tuple(kernel_size),
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    x_size = geometry.transpose_output_size(tuple(y_size), output_padding=output_padding, target=output_size)
    return geometry.at(x_size)
