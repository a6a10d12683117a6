"""ONNX's operator ConvTranspose, its inputs and attributes, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import onnx
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read


def conv_transpose(
    X: ArrayLike,
    W: ArrayLike,
    B: ArrayLike | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Array:
    """ONNX's ConvTranspose, opset 1 to 22, with its inputs and attributes by name.

    Args:
      X: (N, in_ch, *size), floating or complex, of any number of spatial axes from 1.
      W: (in_ch, out_ch // group, *k), of X's dtype.
      B: (out_ch,), of X's dtype, or None.
      strides, dilations: of the convolution that is transposed, one int per spatial axis; by
        default 1. Attributes are sequences: a single int is refused.
      pads: what that convolution pads: all starts, then all ends; by default 0, with "VALID" too.
      output_padding: positions more at the end; less than the stride or the dilation.
      auto_pad: "SAME_UPPER" and "SAME_LOWER" pad for a result of s·size, the odd unit at the end or
        at the start. Where the kernel is too short for that, they do not pad, as in onnxruntime.
      output_shape: the spatial size wanted, to which the padding is fitted, `pads` being ignored; the
        odd unit is at the start unless "SAME_UPPER".
      kernel_shape: W's, if it is given.
      group: number of independent channel blocks.

    Returns:
      (N, out_ch, *out_size) of X's dtype.

    Raises:
      TypeError, ValueError: for what the standard and onnxruntime refuse, except that onnxruntime
        takes no `output_padding` from the stride to the dilation; for integer arrays and empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 3, 5)), jnp.ones((3, 2, 4)), strides=[2], pads=[1, 1]).shape
    (1, 2, 10)
    """
    X, W, *_ = _checks.one_dtype(X=X, W=W, **({} if B is None else {"B": B}))
    _checks.channels_first("X", X, "W", W, max(X.ndim - 2, 1), batched=(True,))
    _checks.divided_by_groups("W", W, 0, group, argument="group")
    spec = onnx.read(
        _checks.size_read(X.shape[2:], output_shape=output_shape),
        W.shape[2:],
        auto_pad=auto_pad,
        dilations=dilations,
        group=group,
        kernel_shape=kernel_shape,
        output_padding=output_padding,
        output_shape=output_shape,
        pads=pads,
        strides=strides,
    )
    x = transposed_as_read(jnp.moveaxis(X, 1, -1), onnx.LAYOUT.to_ours(W, group), spec)
    return jnp.moveaxis(_checks.with_bias(x, "B", B), -1, 1)
