"""`tf.nn.conv_transpose` and `tf.nn.conv1d_transpose` to `conv3d_transpose`, as TensorFlow 2 documents them."""

from collections.abc import Sequence
from typing import Any

from jtconv._dialects import _checks
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec

CHANNELS_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
CHANNELS_FIRST = {1: "NCW", 2: "NCHW", 3: "NCDHW"}


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    output_shape: Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str | Sequence[Sequence[int]] = "SAME",
    data_format: str | None = None,
    dilations: int | Sequence[int] | None = None,
) -> ConvSpec:
    """The convolution whose transpose TensorFlow's function with these arguments computes.

    `output_shape` is of spatial sizes only here, in the order of the axes.
    """
    ndim = len(kernel_size)
    first = first_spatial_axis(data_format, ndim)
    targets = arg.per_axis("output_shape", output_shape, ndim, minimum=1)
    geometry = ConvGeometry(
        tuple(kernel_size),
        strides=_spatial("strides", strides, ndim, first),
        padding=_padding(padding, ndim, first),
        dilation=_spatial("dilations", dilations, ndim, first),
    )
    for axis, (low, high) in enumerate(geometry.input_size_range(tuple(y_size))):
        if not low <= targets[axis] <= high:
            raise ValueError(
                f"`output_shape` must be in [{low}, {high}] on spatial axis {axis}, got {targets[axis]}: the "
                f"convolution with these `strides`, `padding` and `dilations` maps only those sizes to the input's "
                f"{y_size[axis]}."
            )
    return geometry.at(targets)


def first_spatial_axis(data_format: str | None, ndim: int) -> int:
    """1 with the channels last, 2 with the channels first."""
    if ndim not in CHANNELS_LAST:
        raise ValueError(f"`filters` must have 1 to 3 spatial axes, got {ndim}.")
    names = (CHANNELS_LAST[ndim], CHANNELS_FIRST[ndim])
    return 1 + names.index(arg.one_of("data_format", names[0] if data_format is None else data_format, names))


def _spatial(name: str, value: Any, ndim: int, first: int) -> tuple[int, ...]:
    """An int, one entry, one per spatial axis, or one per axis with 1 for N and C."""
    if value is None:
        return (1,) * ndim
    entries = value if arg.is_sequence(value) else (value,)
    entries = tuple(entries) if len(entries) <= ndim + 2 else ()  # a range can be longer than memory
    if len(entries) == ndim + 2:
        spatial = entries[first : first + ndim]
        if entries[:first] + entries[first + ndim :] != (1, 1):
            raise ValueError(f"`{name}` must be 1 for N and C, got {arg.shown(value)}.")
        entries = spatial
    if len(entries) not in (1, ndim):
        raise ValueError(
            f"`{name}` must be an int or a sequence of 1, {ndim} or {ndim + 2} ints, got {arg.shown(value)}."
        )
    return arg.per_axis(name, entries * ndim if len(entries) == 1 else entries, ndim, minimum=1)


def _padding(padding: Any, ndim: int, first: int) -> str | tuple[Pads, ...]:
    names = ("SAME", "VALID")
    if isinstance(padding, str) or ndim != 2:
        return arg.one_of("padding", padding, names)
    pairs = _checks.pairs("padding", padding, ndim + 2, names)
    spatial = pairs[first : first + ndim]
    if pairs[:first] + pairs[first + ndim :] != ((0, 0),) * 2 or min(map(min, spatial)) < 0:
        raise ValueError(f"`padding` must be (0, 0) for N and C and nowhere negative, got {arg.shown(padding)}.")
    return spatial
