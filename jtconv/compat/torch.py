"""`torch.nn.functional`'s transposed convolutions, their arguments and numbers, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import torch
from jtconv._geometry import arguments as arg
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read

Ints = int | Sequence[int]


def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """`torch.nn.functional.conv_transpose1d`.

    Args:
      input: (N, in_ch, size) or (in_ch, size), floating or complex.
      weight: (in_ch, out_ch // groups, k), of input's dtype.
      bias: (out_ch,), of input's dtype or, where that is real, any real one; or None.
      stride, padding, groups, dilation: those of the convolution that is transposed; an int, or a
        sequence of one int.
      output_padding: positions more at the end; less than the stride or the dilation.

    Returns:
      (N, out_ch, out_size) or (out_ch, out_size) of input's dtype,
      out_size = (size - 1)·stride - 2·padding + dilation·(k - 1) + output_padding + 1.

    Raises:
      TypeError, ValueError: for what torch refuses, and for integer arrays.

    >>> import jax.numpy as jnp
    >>> conv_transpose1d(jnp.ones((1, 3, 5)), jnp.ones((3, 2, 4)), stride=2, padding=1).shape
    (1, 2, 10)
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """`torch.nn.functional.conv_transpose2d`: as `conv_transpose1d`, for (N, in_ch, *size) with two spatial axes.

    Args:
      input: (N, in_ch, h, w) or (in_ch, h, w).
      weight: (in_ch, out_ch // groups, kh, kw).
      bias, stride, padding, output_padding, groups, dilation: an int, or one per spatial axis.

    >>> import jax.numpy as jnp
    >>> conv_transpose2d(jnp.ones((3, 5, 6)), jnp.ones((3, 2, 4, 3)), stride=(2, 1), padding=(1, 0)).shape
    (2, 10, 8)
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Array:
    """`torch.nn.functional.conv_transpose3d`: as `conv_transpose1d`, for (N, in_ch, *size) with three spatial axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose3d(jnp.ones((1, 3, 2, 3, 4)), jnp.ones((3, 2, 2, 2, 2)), stride=2).shape
    (1, 2, 4, 6, 8)
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def output_padding_for(
    input_size: Sequence[int],
    kernel_size: Ints,
    output_size: Sequence[int],
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
) -> tuple[int, ...]:
    """The `output_padding` with which the result has `output_size`.

    torch's modules compute it from the `output_size` that they are called with:
    `module(input, output_size=…)` is the function with this `output_padding`.

    Args:
      input_size: spatial size of the input.
      output_size: spatial size wanted; for torch's `input_size` and `output_size` with N and
        channels, pass their last entries.
      kernel_size, stride, padding, dilation: an int, or one per spatial axis.

    Raises:
      TypeError, ValueError: for sizes outside of [least, least + stride - 1].

    >>> output_padding_for((5, 6), 3, (10, 11), stride=2, padding=1)
    (1, 0)
    """
    sizes = arg.sizes("input_size", input_size)
    return torch.output_padding_for(sizes, kernel_size, output_size, stride=stride, padding=padding, dilation=dilation)


def _conv_transpose(
    ndim: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Ints,
    padding: Ints,
    output_padding: Ints,
    groups: int,
    dilation: Ints,
) -> Array:
    input, weight = _checks.one_dtype(input=input, weight=weight)
    _checks.channels_first("input", input, "weight", weight, ndim, batched=(False, True))
    _checks.divided_by_groups("weight", weight, 0, groups)
    spec = torch.read(
        _checks.size_read(input.shape[-ndim:]),
        weight.shape[2:],
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        groups=groups,
        dilation=dilation,
    )
    kernel = torch.LAYOUT.to_ours(weight, groups)
    x = transposed_as_read(jnp.moveaxis(input, -1 - ndim, -1), kernel, spec)
    return jnp.moveaxis(_checks.with_bias(x, "bias", bias), -1, -1 - ndim)
