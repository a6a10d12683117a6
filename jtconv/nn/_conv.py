"""`Conv`: a learned kernel and bias around `jtconv.conv`."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arguments import Padding
from jtconv._arrays import Precision, check_precision, floating
from jtconv._conv import conv
from jtconv._geometry import ConvGeometry
from jtconv.nn._initializers import Initializer, lecun_normal, zeros
from jtconv.nn._shared import add_bias, cast, check_channels


class Conv(nnx.Module):
    """Convolution layer, channels last: (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch).

    Args:
      in_ch, out_ch: channels in and out; `groups` divides both.
      kernel_size: taps per spatial axis; an int is one axis.
      strides, padding, dilation, groups, padding_mode, precision: as in `jtconv.conv`.
      use_bias: whether a bias (out_ch,) is added.
      kernel_init, bias_init: initialisers, `f(key, shape, dtype)`. The kernel's default is LeCun's
        normal rule over (*kernel_size, in_ch // groups).
      dtype: dtype to compute in; by default what the input and the kernel promote to.
      param_dtype: dtype of the kernel and bias.
      rngs: source of the kernel's random key.

    Attributes:
      kernel: Param (*kernel_size, in_ch // groups, out_ch).
      bias: Param (out_ch,), or None.
    """

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "VALID",
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
        use_bias: bool = True,
        kernel_init: Initializer = lecun_normal,
        bias_init: Initializer = zeros,
        dtype: DTypeLike | None = None,
        param_dtype: DTypeLike = jnp.float32,
        precision: Precision = None,
        rngs: nnx.Rngs,
    ):
        self.geometry = ConvGeometry(
            kernel_size,
            strides=strides,
            padding=padding,
            dilation=dilation,
            groups=groups,
            padding_mode=padding_mode,
        )
        check_channels(in_ch, out_ch, self.geometry.groups)
        floating("param_dtype", param_dtype)
        shape = (*self.geometry.kernel_size, in_ch // groups, out_ch)
        self.kernel = nnx.Param(kernel_init(rngs.params(), shape, param_dtype))
        self.bias = nnx.Param(bias_init(rngs.params(), (out_ch,), param_dtype)) if use_bias else None
        self.dtype = dtype if dtype is None else floating("dtype", dtype)
        self.precision = check_precision(precision)

    def __call__(self, x: ArrayLike) -> Array:
        """x (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch)."""
        x, kernel = cast(self.dtype, "x", x, self.kernel[...])
        y = conv(x, kernel, **self.geometry.arguments(), precision=self.precision)
        return add_bias(y, self.bias)
