"""Kinds of calls, by which `differences.py` says what is different on purpose."""

from collections.abc import Callable

import jax

from jtconv._geometry.sizes import transposed_size
from tests.checks.agreement.configurations import Configuration

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


def of_an_empty_batch(configuration: Configuration) -> bool:
    return configuration.shapes[0][0] == 0


def noted(note: str) -> Callable[[Configuration], bool]:
    """Whether this is noted of the call, by the peer's file or by the comparison."""
    return lambda configuration: configuration.private.get(note, False)


def with_more_entries_than_axes(configuration: Configuration) -> bool:
    given = [configuration.arguments.get(name) for name in PER_AXIS]
    return any(isinstance(value, tuple) and len(value) > configuration.layer.ndim for value in given)


def with_output_padding_from_the_stride_on(configuration: Configuration) -> bool:
    rests = configuration.arguments.get("output_padding", ())
    return any(a >= s for a, s in zip(rests, configuration.layer.strides, strict=True))


def of_zeros_alone_in_torch(configuration: Configuration) -> bool:
    axes = _torch_axes(configuration)
    return any(a >= s and p >= transposed_size(o, k, s, (0, 0), d, 0) for o, k, s, d, p, a in axes)


def dilated_by_less_than_1(configuration: Configuration) -> bool:
    return min(jax.tree.leaves(configuration.arguments["dilation"])) < 1


def in_half_precision(configuration: Configuration) -> bool:
    return configuration.dtypes in (("float16",), ("bfloat16",))


def with_four_spatial_axes(configuration: Configuration) -> bool:
    return len(configuration.shapes[1]) > 5


def _torch_axes(configuration: Configuration) -> list[tuple[int, ...]]:
    """(y's size, kernel, stride, dilation, padding, output_padding) on each axis."""
    layer = configuration.layer
    given = [configuration.arguments[name] for name in ("padding", "output_padding")]
    spread = [(value,) * layer.ndim if isinstance(value, int) else value for value in given]
    return list(zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, *spread, strict=True))


def that_drop_imaginary_parts(configuration: Configuration) -> bool:
    """Whether flax's `dtype` is real where an array is complex."""
    dtype = configuration.arguments.get("dtype")
    given = any(d.startswith("complex") for d in configuration.dtypes)
    return given and dtype is not None and not str(dtype).startswith("complex")


def that_lax_reads_without_axes(configuration: Configuration) -> bool:
    """Whether there is no axis to pad, so that lax takes any name of padding."""
    return configuration.layer.ndim == 0 and configuration.arguments.get("use_consistent_padding", False)
