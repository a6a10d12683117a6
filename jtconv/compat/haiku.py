"""The numbers of `haiku.ConvNDTranspose`, as a function of arrays."""

import re
from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._arrays.checks import Precision
from jtconv._frameworks import haiku
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read


def conv_transpose(
    inputs: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: int | Sequence[int] = 1,
    output_shape: int | Sequence[int] | None = None,
    padding: str | Sequence[Pads] = "SAME",
    data_format: str = "channels_last",
    mask: ArrayLike | None = None,
    precision: Precision = None,
) -> Array:
    """Compute `haiku.ConvNDTranspose`, given its arguments and parameters.

    Args:
      inputs: (*size, in_ch) or (N, *size, in_ch), the channels before the size if `data_format` says so.
      w: the module's (*k, out_ch, in_ch), of the inputs' dtype; in space it is the convolution's kernel reversed.
      b: (out_ch,), or (out_ch, 1, …) with the channels before the size; or None.
      stride: an int, or one per spatial axis.
      output_shape: the result's spatial size; with "SAME" and "VALID" only.
      padding: "SAME", "VALID" or a (lo, hi) pair per axis, which pads the dilated input.
      data_format: "channels_last" or "channels_first", or a name such as "NHWC", "NC..." or "BTHWD".
      mask: multiplied with w; of its shape.
      precision: as in `jax.lax.conv_transpose`.

    Returns:
      The result, its axes in the order of the inputs'.

    Raises:
      TypeError, ValueError: for what haiku refuses, and for integer arrays and empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 5, 3)), jnp.ones((4, 2, 3)), stride=2, output_shape=9).shape
    (1, 9, 2)
    """
    inputs, w = _checks.one_dtype(inputs=inputs, w=_checks.masked(w, mask, "w"))
    if w.ndim < 3 or inputs.ndim not in (w.ndim - 1, w.ndim):
        raise ValueError(
            f"`w` must have shape (*k, out_ch, in_ch), and `inputs` as many spatial axes, channels and at most one "
            f"batch axis, got {w.shape} and {inputs.shape}."
        )
    channels = -1 if _channels_last(data_format) else inputs.ndim - w.ndim + 1
    y, kernel = jnp.moveaxis(inputs, channels, -1), haiku.LAYOUT.to_ours(w)
    _checks.channels("inputs", y, "w", kernel)
    spec = haiku.read(
        _checks.size_read(y.shape[y.ndim - w.ndim + 1 : -1], output_shape=output_shape),
        kernel.shape[:-2],
        stride=stride,
        output_shape=output_shape,
        padding=padding,
    )
    x = jnp.moveaxis(transposed_as_read(y, kernel, spec, precision=precision), -1, channels)
    if b is None:
        return x
    return _checks.plus_bias(x, "b", b, (w.shape[-2], *(1,) * (w.ndim - 2 if channels != -1 else 0)))


def _channels_last(data_format: str) -> bool:
    if not isinstance(data_format, str):
        raise TypeError(
            f"`data_format` must be a string, 'channels_last', 'channels_first' or a name of the axes, got "
            f"{arg.shown(data_format)}."
        )
    if data_format == "channels_first" or re.fullmatch("NC[^C]*", data_format):
        return False
    if data_format == "channels_last" or re.fullmatch("N[^C]*C|(BT|TB)[^D]*D", data_format):
        return True
    raise ValueError(
        f"`data_format` must be 'channels_last', 'channels_first' or a name of the axes such as 'NHWC', 'NCHW' or "
        f"'BTHWD', got {arg.shown(data_format)}."
    )
