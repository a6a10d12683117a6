"""Kinds of calls, by which `differences.py` says what is different on purpose."""

from tests.peers.agreement.configurations import Configuration

PER_AXIS = ("strides", "padding", "rhs_dilation", "kernel_dilation", "output_padding")


def of_integers(configuration: Configuration) -> bool:
    """Whether integers would have to be computed with; flax makes them floats first."""
    return not configuration.computed and any(dtype.startswith("int") for dtype in configuration.dtypes)


def in_float64(configuration: Configuration) -> bool:
    return configuration.dtypes == ("float64",)


def of_empty_axes(configuration: Configuration) -> bool:
    """Whether an array has no element, other than by an empty batch."""
    image, *others = configuration.shapes
    return 0 in image[1:] or any(0 in shape for shape in others)


def with_an_empty_result(configuration: Configuration) -> bool:
    """Whether the peer's result has an axis of size 0, as the comparison has noted."""
    return configuration.private["empty"]


def with_zeros_alone(configuration: Configuration) -> bool:
    """Whether the peer's result has no part of the image in it, as the comparison has noted."""
    return configuration.private["zeros"]


def with_more_entries_than_axes(configuration: Configuration) -> bool:
    given = [configuration.arguments.get(name) for name in PER_AXIS]
    return any(isinstance(value, tuple) and len(value) > configuration.layer.ndim for value in given)


def with_output_padding_from_the_stride_on(configuration: Configuration) -> bool:
    rests = configuration.arguments.get("output_padding", ())
    return any(a >= s for a, s in zip(rests, configuration.layer.strides, strict=True))


def not_dilated(configuration: Configuration) -> bool:
    return configuration.arguments["dilation"] == 0


def that_drop_imaginary_parts(configuration: Configuration) -> bool:
    """Whether flax's `dtype` is real where an array is complex."""
    dtype = configuration.arguments.get("dtype")
    given = any(d.startswith("complex") for d in configuration.dtypes)
    return given and dtype is not None and not str(dtype).startswith("complex")


def that_lax_reads_without_axes(configuration: Configuration) -> bool:
    """Whether there is no axis to pad, so that lax takes any name of padding."""
    return configuration.layer.ndim == 0 and configuration.arguments.get("use_consistent_padding", False)
