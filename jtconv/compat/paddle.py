"""The transposed convolutions of `paddle.nn.functional`, their arguments and numbers, by `jtconv.conv_transpose`."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import paddle
from jtconv._geometry.arguments import Pads
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read

Ints = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[Pads]


def conv1d_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
    output_size: Ints | None = None,
    data_format: str = "NCL",
    name: str | None = None,
) -> Array:
    """`paddle.nn.functional.conv1d_transpose`.

    Args:
      x: (N, in_ch, size), or (N, size, in_ch) with "NLC"; floating.
      weight: (in_ch, out_ch // groups, k), of x's dtype.
      bias: (out_ch,), or None.
      stride, groups, dilation: those of the convolution that is transposed; an int or one per axis.
      padding: that of the convolution: an int, one per axis, a start and an end per axis in one list,
        a (lo, hi) pair per axis with (0, 0) for N and channels; "VALID", or "SAME", which pads by what
        a convolution of x would need and takes no dilation.
      output_padding, output_size: positions more at the end, below the stride, or the size itself.
      data_format: "NCL" or "NLC".
      name: Paddle's name for the operation; not used.

    Returns:
      The result, its axes in the order of x's, of x's dtype.

    Raises:
      TypeError, ValueError: for what Paddle refuses on the CPU, for empty axes and empty results.

    >>> import jax.numpy as jnp
    >>> conv1d_transpose(jnp.ones((1, 3, 5)), jnp.ones((3, 2, 4)), stride=2, padding=[1, 0]).shape
    (1, 2, 11)
    """
    given = (stride, padding, output_padding, groups, dilation, output_size, data_format)
    return _conv_transpose(1, x, weight, bias, *given)


def conv2d_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    dilation: Ints = 1,
    groups: int = 1,
    output_size: Ints | None = None,
    data_format: str = "NCHW",
    name: str | None = None,
) -> Array:
    """`paddle.nn.functional.conv2d_transpose`: as `conv1d_transpose`, for "NCHW" or "NHWC".

    >>> import jax.numpy as jnp
    >>> conv2d_transpose(jnp.ones((1, 3, 5, 6)), jnp.ones((3, 2, 3, 3)), stride=2, output_size=(11, 14)).shape
    (1, 2, 11, 14)
    """
    given = (stride, padding, output_padding, groups, dilation, output_size, data_format)
    return _conv_transpose(2, x, weight, bias, *given)


def conv3d_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
    output_size: Ints | None = None,
    data_format: str = "NCDHW",
    name: str | None = None,
) -> Array:
    """`paddle.nn.functional.conv3d_transpose`: as `conv1d_transpose`, for "NCDHW" or "NDHWC".

    >>> import jax.numpy as jnp
    >>> conv3d_transpose(jnp.ones((1, 2, 3, 4, 3)), jnp.ones((3, 2, 2, 2, 2)), stride=2, data_format="NDHWC").shape
    (1, 4, 6, 8, 2)
    """
    given = (stride, padding, output_padding, groups, dilation, output_size, data_format)
    return _conv_transpose(3, x, weight, bias, *given)


def _conv_transpose(
    ndim: int,
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Ints,
    padding: Padding,
    output_padding: Ints,
    groups: int,
    dilation: Ints,
    output_size: Ints | None,
    data_format: Any,
) -> Array:
    x, weight = _checks.one_dtype(**_checks.real(x=x, weight=weight))
    channels = -1 if paddle.channels_last(data_format, ndim) else 1
    if not x.ndim == weight.ndim == ndim + 2:
        raise ValueError(
            f"`x` and `weight` must have {ndim + 2} axes, {ndim} of them spatial, got {x.shape} and {weight.shape}."
        )
    _checks.divided_by_groups("weight", weight, 0, groups)
    y, kernel = jnp.moveaxis(x, channels, -1), paddle.LAYOUT.to_ours(weight, groups)
    _checks.channels("x", y, "weight", kernel)
    spec = paddle.read(
        _checks.size_read(y.shape[1:-1], output_size=output_size, padding=padding if _is_same(padding) else None),
        kernel.shape[:-2],
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        groups=groups,
        dilation=dilation,
        output_size=output_size,
        data_format=data_format,
    )
    out = transposed_as_read(y, kernel, spec)
    if bias is not None:
        out = _checks.plus_bias(out, "bias", _checks.real(bias=bias)["bias"], out.shape[-1:])
    return jnp.moveaxis(out, -1, channels)


def _is_same(padding: Padding) -> bool:
    """Whether Paddle pads by the size of x."""
    return isinstance(padding, str) and padding.upper() == "SAME"
