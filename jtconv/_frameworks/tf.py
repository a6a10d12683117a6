"""`tf.nn.conv_transpose` and `tf.nn.conv1d_transpose` to `conv3d_transpose`, as TensorFlow 2 documents them."""

from collections.abc import Sequence
from typing import Any

from jtconv._frameworks.call_syntax import source
from jtconv._frameworks.framework import Bound, Framework, Signature, channels, numbered
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._frameworks.layer import (
    Layer,
    Name,
    call,
    check_axes,
    check_groups,
    check_zeros,
    given,
    no_such_crop,
    with_bias,
)
from jtconv._frameworks.reading import pairs
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout()  # (*k, x_ch, y_ch)
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
    """Return the convolution whose transpose TensorFlow's function with these arguments computes.

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
    """Return 1 with the channels last, 2 with the channels first."""
    if ndim not in CHANNELS_LAST:
        raise ValueError(f"`filters` must have 1 to 3 spatial axes, got {ndim}.")
    names = (CHANNELS_LAST[ndim], CHANNELS_FIRST[ndim])
    return 1 + names.index(arg.one_of("data_format", names[0] if data_format is None else data_format, names))


def _spatial(name: str, value: Any, ndim: int, first: int) -> tuple[int, ...]:
    """Return one int per spatial axis, of an int, one entry, one per spatial axis, or these with 1 for N and C."""
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
    each = pairs("padding", padding, ndim + 2, names)
    spatial = each[first : first + ndim]
    if each[:first] + each[first + ndim :] != ((0, 0),) * 2 or min(map(min, spatial)) < 0:
        raise ValueError(f"`padding` must be (0, 0) for N and C and nowhere negative, got {arg.shown(padding)}.")
    return spatial


def write(layer: Layer) -> str:
    """Return the function with its output_shape and "SAME" or "VALID"."""
    check_zeros(layer, "tf.nn")
    check_axes(layer, "tf.nn")
    check_groups(layer, "tf.nn")
    spec = layer.spec
    options = given(padding=(_padding_of(layer), "SAME"), dilations=(one_or_each(spec.dilation), 1))
    text = call(
        f"tf.nn.conv{layer.ndim}d_transpose",
        Name("y"),
        Name("kernel"),
        (Name("batch"), *spec.input_size, layer.out_ch),
        strides=one_or_each(spec.strides),
        **options,
    )
    return with_bias(text, layer.use_bias)


def _padding_of(layer: Layer) -> str | list[list[int]]:
    """Return a name, or on two axes the pairs, which only those have."""
    spec, (pads, _) = layer.spec, layer.pads_and_output_padding()
    options = {"output_shape": spec.input_size, "strides": spec.strides, "dilations": spec.dilation}
    each = [[0, 0], *map(list, pads), [0, 0]]
    for padding in ("SAME", "VALID", *([each] if layer.ndim == 2 else [])):
        if layer.is_read_by(read, padding=padding, **options):
            return padding
    rule = 'tf.nn has padding="SAME" and "VALID", and on two axes none that is negative'
    raise no_such_crop(layer, rule, 'padding="VALID"', block=max)


def _spatial_part(bound: Bound, ndim: int) -> tuple[Bound, int | None]:
    """Return the arguments with only the spatial sizes of `output_shape`, and the channels in it."""
    shape, layout = bound["output_shape"], bound.get("data_format")
    if not isinstance(shape, tuple | list) or len(shape) != ndim + 2:
        raise ValueError(f"`output_shape` must be {ndim + 2} sizes, with batch and channels, got {source(shape)}.")
    first = isinstance(layout, str) and layout.startswith("NC")
    spatial = tuple(shape[2:] if first else shape[1:-1])
    return {**bound, "output_shape": spatial}, channels("output_shape", shape[1 if first else -1])


_FUNCTION = Signature(
    "tf.nn.conv_transpose",
    "input filters output_shape strides padding data_format dilations name",
    read,
    required=("output_shape", "strides"),
    narrowed=_spatial_part,
)
FRAMEWORK = Framework(
    name="tf",
    title="TensorFlow",
    before="import tensorflow as tf\n\nx = ",
    write=write,
    layout=LAYOUT,
    modules=("tensorflow",),
    signatures=(*numbered(_FUNCTION, "tf.nn.conv{n}d_transpose"), _FUNCTION),
)
