"""Check a kernel, an image and their geometry against each other."""

from collections.abc import Sequence
from typing import NamedTuple, Unpack

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays import checks
from jtconv._arrays.checks import Precision
from jtconv._geometry.arguments import GeometryArguments
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.open_layers import conv_spec, transposed_spec
from jtconv._geometry.spec import ConvSpec


class Call(NamedTuple):
    """The checked arguments of one call: arrays in the dtype of the computation, and the dtype of the result."""

    image: Array
    kernel: Array
    spec: ConvSpec
    precision: Precision
    result: jnp.dtype


def checked_layer(kernel: ArrayLike, **arguments: Unpack[GeometryArguments]) -> tuple[Array, ConvGeometry]:
    """The kernel as an array, and its geometry; `arguments` are those of `ConvGeometry`."""
    kernel = checks.float_array("kernel", kernel)
    geometry = ConvGeometry(checks.check_kernel(kernel), **arguments)
    checks.check_groups(kernel, geometry.groups)
    return kernel, geometry


def checked_conv(
    x: ArrayLike,
    kernel: ArrayLike,
    precision: Precision,
    preferred: DTypeLike | None,
    **arguments: Unpack[GeometryArguments],
) -> Call:
    """Check the arguments of `conv`."""
    x = checks.float_array("x", x)
    kernel, geometry = checked_layer(kernel, **arguments)
    in_ch = kernel.shape[-2] * geometry.groups
    input_size = checks.check_image("x", x, in_ch, geometry.ndim, "the kernel's second-to-last axis times groups")
    return _call(x, kernel, conv_spec(geometry, input_size), precision, preferred)


def checked_transpose(
    y: ArrayLike,
    kernel: ArrayLike,
    output_padding: int | Sequence[int] | None,
    output_size: int | Sequence[int] | None,
    precision: Precision,
    preferred: DTypeLike | None,
    **arguments: Unpack[GeometryArguments],
) -> Call:
    """Check the arguments of `conv_transpose`, except the method."""
    y = checks.float_array("y", y)
    kernel, geometry = checked_layer(kernel, **arguments)
    spatial = checks.check_image("y", y, kernel.shape[-1], geometry.ndim, "the kernel's last axis, out_ch")
    spec = transposed_spec(geometry, spatial, output_padding, output_size)
    return _call(y, kernel, spec, precision, preferred)


def _call(image: Array, kernel: Array, spec: ConvSpec, precision: Precision, preferred: DTypeLike | None) -> Call:
    spec = spec.check_countable().with_strides_taken()
    work, result = checks.dtypes(image, kernel, preferred)
    return Call(image.astype(work), kernel.astype(work), spec, checks.check_precision(precision), result)
