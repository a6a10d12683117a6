"""`keras.ops.conv_transpose`, its arguments and numbers, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import keras
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read


def conv_transpose(
    inputs: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Array:
    """`keras.ops.conv_transpose`, with the numbers of Keras's JAX backend.

    Args:
      inputs: (N, *size, in_ch), or (N, in_ch, *size) with "channels_first"; floating or complex.
      kernel: (*k, out_ch, in_ch), of inputs' dtype.
      strides, dilation_rate: of the convolution that is transposed, an int or one per spatial axis.
      padding: "valid" or "same".
      output_padding: selects the result's size; see below. An int or one per spatial axis. Keras's
        documentation asks for less than the stride, but Keras takes more, and so does this.
      data_format: "channels_last" or "channels_first". None means "channels_last", whatever Keras's
        settings say.

    Returns:
      (N, *out_size, out_ch), or (N, out_ch, *out_size), of inputs' dtype. With K = d(k - 1) + 1 and
      output_padding a, "valid" gives s(size - 1) + K + a, "same" s(size - 1) + K % 2 + a; with None
      they give s(size - 1) + max(K, s) and s·size.

    Raises:
      TypeError, ValueError: for what Keras refuses, for integer arrays and empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 5, 3)), jnp.ones((4, 2, 3)), strides=2, padding="same").shape
    (1, 10, 2)
    """
    inputs, kernel = _checks.one_dtype(inputs=inputs, kernel=kernel)
    _checks.kernel_rank("kernel", kernel, "(*k, out_ch, in_ch)")
    if inputs.ndim != kernel.ndim:
        raise ValueError(f"`inputs` and `kernel` must have equally many axes, got {inputs.shape} and {kernel.shape}.")
    channels = 1 if keras.data_format(data_format) == "channels_first" else -1
    y = jnp.moveaxis(inputs, channels, -1)
    _checks.channels("inputs", y, "kernel", kernel)
    spec = keras.read(
        _checks.size_read(y.shape[1:-1]),
        kernel.shape[:-2],
        strides=strides,
        padding=padding,
        output_padding=output_padding,
        dilation_rate=dilation_rate,
    )
    x = transposed_as_read(y, keras.LAYOUT.to_ours(kernel), spec)
    return jnp.moveaxis(x, -1, channels)
