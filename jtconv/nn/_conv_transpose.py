"""`ConvTranspose`: a learned kernel and bias around `jtconv.conv_transpose`."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv import _arguments as arg
from jtconv._arguments import Padding
from jtconv._arrays import Precision, check_precision, floating
from jtconv._conv_transpose import METHODS, conv_transpose
from jtconv._geometry import ConvGeometry
from jtconv.nn._initializers import Initializer, transpose_fan_in, zeros
from jtconv.nn._shared import add_bias, cast, check_channels


class ConvTranspose(nnx.Module):
    """Transposed convolution layer, channels last: the transpose of `Conv(out_ch, in_ch, …)`.

    (*batch, *out_size, in_ch) -> (*batch, *in_size, out_ch), where out_size and in_size are those
    of the convolution that is transposed: in_size = s(out_size-1) + d(k-1) + 1 - lo - hi + a.

    Args:
      in_ch, out_ch: channels into and out of this layer; `groups` divides both.
      kernel_size: taps per spatial axis; an int is one axis.
      strides, padding, output_padding, dilation, groups, padding_mode, method, precision: as in
        `jtconv.conv_transpose`.
      use_bias: whether a bias (out_ch,) is added.
      kernel_init, bias_init: initialisers, `f(key, shape, dtype)`. The kernel's default keeps the
        variance of the input: `jtconv.nn.transpose_fan_in`.
      dtype: dtype to compute in; by default what the input and the kernel promote to.
      param_dtype: dtype of the kernel and bias.
      rngs: source of the kernel's random key.

    Attributes:
      kernel: Param (*kernel_size, out_ch // groups, in_ch), the kernel of the convolution.
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
        output_padding: int | Sequence[int] | None = None,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
        method: str = "auto",
        use_bias: bool = True,
        kernel_init: Initializer | None = None,
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
        if kernel_init is None:
            g = self.geometry
            kernel_init = transpose_fan_in(g.kernel_size, g.strides, g.dilation, groups)
        shape = (*self.geometry.kernel_size, out_ch // groups, in_ch)
        self.kernel = nnx.Param(kernel_init(rngs.params(), shape, param_dtype))
        self.bias = nnx.Param(bias_init(rngs.params(), (out_ch,), param_dtype)) if use_bias else None
        self.output_padding = (
            None if output_padding is None else arg.per_axis("output_padding", output_padding, self.geometry.ndim)
        )
        self.method = arg.one_of("method", method, METHODS)
        self.dtype = dtype if dtype is None else floating("dtype", dtype)
        self.precision = check_precision(precision)

    def __call__(self, y: ArrayLike, output_size: int | Sequence[int] | None = None) -> Array:
        """y (*batch, *out_size, in_ch) -> (*batch, *in_size, out_ch).

        `output_size` names in_size outright; it takes the place of the layer's `output_padding`.
        """
        y, kernel = cast(self.dtype, "y", y, self.kernel[...])
        x = conv_transpose(
            y,
            kernel,
            **self.geometry.arguments(),
            output_padding=self.output_padding if output_size is None else None,
            output_size=output_size,
            method=self.method,
            precision=self.precision,
        )
        return add_bias(x, self.bias)
