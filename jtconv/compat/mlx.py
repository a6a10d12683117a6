"""`mlx.core`'s transposed convolutions, their arguments and numbers, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import mlx
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read

Ints = int | Sequence[int]


def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    /,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    output_padding: int = 0,
    groups: int = 1,
    *,
    stream: Any = None,
) -> Array:
    """`mlx.core.conv_transpose1d`.

    Args:
      input: (N, size, in_ch), floating.
      weight: (out_ch, k, in_ch // groups).
      stride, dilation, groups: those of the convolution that is transposed.
      padding: that of the convolution, of either sign. More than dilation·(k - 1) drops positions of
        the input, stride positions of the result each: MLX crops before it puts zeros between them.
      output_padding: positions more at the end, any number; fewer where it is negative.
      stream: MLX's device or stream; not used.

    Returns:
      (N, out_size, out_ch) of the dtype that the two arrays promote to,
      out_size = (size - 1)·stride - 2·padding + dilation·(k - 1) + output_padding + 1.

    Raises:
      TypeError, ValueError: for what MLX refuses, complex arrays among it, and for empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose1d(jnp.ones((1, 5, 3)), jnp.ones((2, 4, 3)), stride=2, padding=1).shape
    (1, 10, 2)
    """
    return _conv_transpose(1, input, weight, stride, padding, dilation, output_padding, groups)


def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    /,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    output_padding: Ints = 0,
    groups: int = 1,
    *,
    stream: Any = None,
) -> Array:
    """`mlx.core.conv_transpose2d`: as `conv_transpose1d`, for (N, h, w, in_ch); an int, or one per spatial axis.

    >>> import jax.numpy as jnp
    >>> conv_transpose2d(jnp.ones((1, 5, 6, 3)), jnp.ones((2, 4, 3, 3)), (2, 1), (1, 0)).shape
    (1, 10, 8, 2)
    """
    return _conv_transpose(2, input, weight, stride, padding, dilation, output_padding, groups)


def conv_transpose3d(
    input: ArrayLike,
    weight: ArrayLike,
    /,
    stride: Ints = 1,
    padding: Ints = 0,
    dilation: Ints = 1,
    output_padding: Ints = 0,
    groups: int = 1,
    *,
    stream: Any = None,
) -> Array:
    """`mlx.core.conv_transpose3d`: as `conv_transpose2d`, for (N, d, h, w, in_ch), without groups.

    >>> import jax.numpy as jnp
    >>> conv_transpose3d(jnp.ones((1, 2, 3, 4, 3)), jnp.ones((2, 2, 2, 2, 3)), 2).shape
    (1, 4, 6, 8, 2)
    """
    return _conv_transpose(3, input, weight, stride, padding, dilation, output_padding, groups)


def _conv_transpose(
    ndim: int,
    input: ArrayLike,
    weight: ArrayLike,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    output_padding: Ints,
    groups: int,
) -> Array:
    y, weight = _checks.real(input=input, weight=weight).values()
    if not y.ndim == weight.ndim == ndim + 2:
        raise ValueError(
            f"`input` and `weight` must be (N, *size, in_ch) and (out_ch, *k, in_ch // groups) with {ndim} spatial "
            f"{'axis' if ndim == 1 else 'axes'}, got shapes {y.shape} and {weight.shape}."
        )
    _checks.divided_by_groups("weight", weight, 0, groups)
    kernel = mlx.LAYOUT.to_ours(weight, groups)
    _checks.channels("input", y, "weight", kernel)
    spec = mlx.read(
        _checks.size_read(y.shape[1:-1]),
        kernel.shape[:-2],
        stride=stride,
        padding=padding,
        dilation=dilation,
        output_padding=output_padding,
        groups=groups,
    )
    return transposed_as_read(y, kernel, spec)
