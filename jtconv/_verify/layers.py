"""The 30 layers that `jtconv verify` checks: small, with unequal sizes, one for each possible error."""

from typing import NamedTuple, Unpack

from jtconv._geometry.arguments import GeometryArguments


class Layer(NamedTuple):
    """Arguments of a convolution; `kernel_shape` is (*kernel_size, in_ch // groups, out_ch)."""

    name: str
    input_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    geometry: GeometryArguments


def _layer(
    name: str, input_size: tuple[int, ...], kernel_shape: tuple[int, ...], **geometry: Unpack[GeometryArguments]
) -> Layer:
    return Layer(name, input_size, kernel_shape, geometry)


LAYERS = (
    # One axis.
    _layer("1-D stride 1", (11,), (3, 2, 3)),
    _layer("1-D k4 s2 p1", (12,), (4, 3, 2), strides=2, padding=1),
    _layer("1-D output_padding 2 of 3", (13,), (5, 2, 3), strides=3),
    _layer("1-D causal, dilated", (12,), (3, 2, 3), padding="CAUSAL", dilation=2),
    _layer("1-D k16 s8 (vocoder)", (40,), (16, 3, 2), strides=8, padding=4),
    _layer("1-D reflect", (9,), (5, 2, 3), padding=2, padding_mode="reflect"),
    _layer("1-D uneven padding (3, -1)", (10,), (4, 2, 3), strides=2, padding=((3, -1),)),
    # Two axes.
    _layer("2-D 7x7 k3 s2", (7, 7), (3, 3, 1, 1), strides=2),
    _layer("2-D 1x1 kernel", (5, 6), (1, 1, 3, 4)),
    _layer("2-D k3 s1 SAME", (6, 7), (3, 3, 2, 3), padding="SAME"),
    _layer("2-D k3 s2 SAME", (8, 7), (3, 3, 2, 3), strides=2, padding="SAME"),
    _layer("2-D k4 s2 SAME_LOWER", (9, 8), (4, 3, 2, 3), strides=2, padding="SAME_LOWER"),
    _layer("2-D k3 s2 p1 output_padding 1", (10, 12), (3, 3, 3, 2), strides=2, padding=1),
    _layer("2-D k2 s2 (U-Net)", (8, 10), (2, 2, 3, 4), strides=2),
    _layer("2-D k4 s2 (FCN-8 up1)", (16, 14), (4, 4, 2, 3), strides=2),
    _layer("2-D k8 s8 (FCN-8 up3)", (24, 16), (8, 8, 2, 2), strides=8),
    _layer("2-D k16 s8 p4 (FCN-8s)", (24, 32), (16, 16, 2, 1), strides=8, padding=4),
    _layer("2-D stride above kernel", (10, 11), (2, 3, 2, 3), strides=(4, 5)),
    _layer("2-D unequal everything", (11, 9), (3, 2, 2, 3), strides=(2, 3), padding=((1, 2), (0, 1))),
    _layer("2-D dilation (2, 3)", (13, 14), (3, 2, 2, 3), strides=2, padding=1, dilation=(2, 3)),
    _layer("2-D groups 3", (7, 8), (3, 3, 2, 6), strides=2, padding=1, groups=3),
    _layer("2-D depthwise", (8, 7), (4, 4, 1, 5), strides=2, padding=1, groups=5),
    _layer("2-D groups, dilated", (9, 10), (3, 2, 2, 4), dilation=2, groups=2),
    _layer("2-D circular", (6, 8), (3, 4, 2, 3), strides=2, padding="SAME", padding_mode="circular"),
    _layer("2-D circular, even kernel", (6, 9), (4, 2, 2, 3), strides=3, padding=2, padding_mode="circular"),
    _layer("2-D replicate", (5, 7), (3, 3, 2, 3), strides=2, padding=2, padding_mode="replicate"),
    # Three axes.
    _layer("3-D k3 s2 p1 output_padding 1", (6, 4, 8), (3, 3, 3, 2, 3), strides=2, padding=1),
    _layer("3-D k2 s2 (3-D U-Net)", (4, 6, 8), (2, 2, 2, 3, 2), strides=2),
    _layer("3-D unequal, dilated", (7, 6, 5), (2, 3, 2, 2, 3), strides=(2, 1, 3), dilation=(1, 2, 1)),
    _layer("3-D groups, circular", (4, 5, 6), (3, 2, 3, 1, 4), padding=1, groups=2, padding_mode="circular"),
)
