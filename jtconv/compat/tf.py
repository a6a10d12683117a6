"""`tf.nn`'s transposed convolutions, their arguments and numbers, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import tf
from jtconv._geometry import arguments as arg
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read

Ints = int | Sequence[int] | None
Padding = str | Sequence[Sequence[int]]


def conv_transpose(
    input: ArrayLike,
    filters: ArrayLike,
    output_shape: Sequence[int],
    strides: Ints,
    padding: Padding = "SAME",
    data_format: str | None = None,
    dilations: Ints = None,
    name: str | None = None,
) -> Array:
    """`tf.nn.conv_transpose`: the transpose of `tf.nn.convolution`, on 1 to 3 spatial axes.

    Args:
      input: (N, *size, in_ch), or (N, in_ch, *size); floating.
      filters: the kernel (*k, out_ch, in_ch), of input's dtype.
      output_shape: the result's, N and channels included, in the order of `data_format`.
      strides: of the convolution that is transposed: an int, or a sequence of one, of one per spatial
        axis, or of one per axis with 1 for N and channels; None is 1.
      padding: of that convolution: "SAME" or "VALID"; on two spatial axes also a (lo, hi) pair per
        axis, with (0, 0) for N and channels.
      data_format: "NWC", "NHWC" or "NDHWC", which None means, or "NCW", "NCHW" or "NCDHW".
      dilations: as `strides`.
      name: TensorFlow's name for the operation; not used.

    Returns:
      The result, of shape `output_shape` and input's dtype.

    Raises:
      TypeError, ValueError: for what TensorFlow refuses, above all an `output_shape` that the
        convolution does not map to input's shape; for integer arrays and empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 5, 3)), jnp.ones((4, 2, 3)), (1, 9, 2), 2).shape
    (1, 9, 2)
    """
    axes = output_shape if arg.is_sequence(output_shape) else ()
    if not 3 <= len(axes) <= 5:
        got = arg.shown(output_shape)
        raise ValueError(f"`output_shape` must be a sequence of 3 to 5 ints, the result's shape, got {got}.")
    return _conv_transpose(len(axes) - 2, input, filters, axes, strides, padding, data_format, dilations)


def conv1d_transpose(
    input: ArrayLike,
    filters: ArrayLike,
    output_shape: Sequence[int],
    strides: Ints,
    padding: str = "SAME",
    data_format: str = "NWC",
    dilations: Ints = None,
    name: str | None = None,
) -> Array:
    """`tf.nn.conv1d_transpose`: `conv_transpose` on one spatial axis.

    >>> import jax.numpy as jnp
    >>> conv1d_transpose(jnp.ones((1, 3, 5)), jnp.ones((4, 2, 3)), (1, 2, 10), 2, data_format="NCW").shape
    (1, 2, 10)
    """
    return _conv_transpose(1, input, filters, output_shape, strides, padding, data_format, dilations)


def conv2d_transpose(
    input: ArrayLike,
    filters: ArrayLike,
    output_shape: Sequence[int],
    strides: Ints,
    padding: Padding = "SAME",
    data_format: str = "NHWC",
    dilations: Ints = None,
    name: str | None = None,
) -> Array:
    """`tf.nn.conv2d_transpose`: `conv_transpose` on two spatial axes; `output_shape` may be (h, w) alone.

    >>> import jax.numpy as jnp
    >>> conv2d_transpose(jnp.ones((1, 5, 4, 3)), jnp.ones((4, 3, 2, 3)), (10, 8), 2).shape
    (1, 10, 8, 2)
    """
    return _conv_transpose(2, input, filters, output_shape, strides, padding, data_format, dilations)


def conv3d_transpose(
    input: ArrayLike,
    filters: ArrayLike,
    output_shape: Sequence[int],
    strides: Ints,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    dilations: Ints = None,
    name: str | None = None,
) -> Array:
    """`tf.nn.conv3d_transpose`: `conv_transpose` on three spatial axes.

    >>> import jax.numpy as jnp
    >>> conv3d_transpose(jnp.ones((1, 2, 3, 4, 3)), jnp.ones((2, 2, 2, 2, 3)), (1, 4, 6, 8, 2), 2).shape
    (1, 4, 6, 8, 2)
    """
    return _conv_transpose(3, input, filters, output_shape, strides, padding, data_format, dilations)


def _conv_transpose(
    ndim: int,
    input: ArrayLike,
    filters: ArrayLike,
    output_shape: Sequence[int],
    strides: Ints,
    padding: Padding,
    data_format: str | None,
    dilations: Ints,
) -> Array:
    input, filters = _checks.one_dtype(input=input, filters=filters)
    if not input.ndim == filters.ndim == ndim + 2:
        raise ValueError(
            f"`input` and `filters` must have {ndim + 2} axes, {ndim} of them spatial, got {input.shape} and "
            f"{filters.shape}."
        )
    first = tf.first_spatial_axis(data_format, ndim)
    channels = 1 if first == 2 else -1
    y = jnp.moveaxis(input, channels, -1)
    _checks.channels("input", y, "filters", filters)
    spec = tf.read(
        _checks.size_read(y.shape[1:-1], output_shape=output_shape),
        filters.shape[:-2],
        output_shape=_spatial_sizes(output_shape, y.shape[0], filters.shape[-2], ndim, first),
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
    )
    x = transposed_as_read(y, tf.LAYOUT.to_ours(filters), spec)
    return jnp.moveaxis(x, -1, channels)


def _spatial_sizes(output_shape: Any, batch: int, channels: int, ndim: int, first: int) -> tuple[Any, ...]:
    """The spatial entries of `output_shape`, the others being known to be right."""
    readable = arg.is_sequence(output_shape) and len(output_shape) <= ndim + 2
    shape = tuple(output_shape) if readable else ()
    if ndim == 2 and len(shape) == 2:
        return shape
    rest = (batch, channels)
    if len(shape) != ndim + 2 or shape[:first] + shape[first + ndim :] != rest:
        order = "(N, *size, out_ch)" if first == 1 else "(N, out_ch, *size)"
        raise ValueError(
            f"`output_shape` must be {order} with {ndim} spatial sizes, N = {batch} and out_ch = {channels}, got "
            f"{arg.shown(output_shape)}."
        )
    return shape[first : first + ndim]
