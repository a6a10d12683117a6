"""`Conv` and `ConvTranspose` for Flax Linen."""

from collections.abc import Sequence

from flax import linen
from jax import Array
from jax.typing import ArrayLike

from jtconv._modules.conv_layers import ConvLayer, ConvTransposeLayer
from jtconv.linen._module import ConvModule


class Conv(ConvModule, kw_only=True):
    """Convolution layer, channels last: (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch).

    The kernel gets its channels from the first input. It has the layout of `jtconv.nn.Conv` and of
    `flax.linen.Conv`.

    Attributes:
      out_ch: channels out; `groups` divides the channels in and out.
      kernel_size: taps per spatial axis, (k, k) for pictures; an int is one axis, for signals.
      strides, padding, dilation, groups, padding_mode: as in `jtconv.conv`.
      precision, preferred_element_type: as in `jtconv.conv`.
      use_bias: whether a bias (out_ch,) is added.
      kernel_init, bias_init: initialisers, `f(key, shape, dtype)`, also those that
        `linen.with_partitioning` has wrapped. The kernel's default is LeCun's normal rule over
        (*kernel_size, in_ch // groups).
      mask: real or boolean, of the kernel's shape; multiplied onto the kernel in every call.
      dtype: dtype of the computation; by default, the promoted dtype of the input and the kernel.
      param_dtype: dtype of the kernel and bias.

    Its parameters are `kernel` (*kernel_size, in_ch // groups, out_ch) and `bias` (out_ch,).

    Raises:
      TypeError, ValueError: for wrong arguments when the module is made, for wrong inputs when it
        is called; naming the argument, the rule and the value.

    >>> import jax, jax.numpy as jnp
    >>> layer = Conv(8, (4, 4), strides=2, padding=1)
    >>> y, variables = layer.init_with_output(jax.random.key(0), jnp.ones((2, 10, 12, 3)))
    >>> parameters = variables["params"]
    >>> y.shape, parameters["kernel"].shape
    ((2, 5, 6, 8), (4, 4, 3, 8))
    """

    @linen.nowrap
    def _layer(self) -> ConvLayer:
        return ConvLayer(**self._described())

    @linen.compact
    def __call__(self, x: ArrayLike) -> Array:
        """x (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch)."""
        return self._layer().apply(x, *self._parameters(x))


class ConvTranspose(ConvModule, kw_only=True):
    """Transposed convolution layer, channels last: the transpose of a `Conv` from out_ch to in_ch.

    (*batch, *out_size, in_ch) -> (*batch, *in_size, out_ch), where out_size and in_size are those
    of the convolution that is transposed: in_size = s(out_size-1) + d(k-1) + 1 - lo - hi + a. The
    kernel gets its channels from the first input, and has the layout of `jtconv.nn.ConvTranspose`.

    Attributes:
      out_ch: channels out of this layer; `groups` divides the channels in and out.
      kernel_size: taps per spatial axis, (k, k) for pictures; an int is one axis, for signals.
      strides, padding, output_padding, dilation, groups: as in `jtconv.conv_transpose`.
      padding_mode, method, precision, preferred_element_type: as in `jtconv.conv_transpose`.
      use_bias: whether a bias (out_ch,) is added.
      kernel_init, bias_init: initialisers, `f(key, shape, dtype)`, also those that
        `linen.with_partitioning` has wrapped. The kernel's default keeps the variance of the
        input: `jtconv.linen.transpose_fan_in`.
      mask: real or boolean, of the kernel's shape; multiplied onto the kernel in every call.
      dtype: dtype of the computation; by default, the promoted dtype of the input and the kernel.
      param_dtype: dtype of the kernel and bias.

    Its parameters are `kernel` (*kernel_size, out_ch // groups, in_ch), the kernel of the
    convolution, and `bias` (out_ch,).

    Raises:
      TypeError, ValueError: for wrong arguments when the module is made, for wrong inputs when it
        is called; naming the argument, the rule and the value.

    >>> import jax, jax.numpy as jnp
    >>> layer = ConvTranspose(3, (4, 4), strides=2, padding=1)
    >>> x, variables = layer.init_with_output(jax.random.key(0), jnp.ones((2, 5, 6, 8)))
    >>> parameters = variables["params"]
    >>> x.shape, parameters["kernel"].shape
    ((2, 10, 12, 3), (4, 4, 3, 8))
    """

    output_padding: int | Sequence[int] | None = None
    method: str = "auto"

    @linen.nowrap
    def _layer(self) -> ConvTransposeLayer:
        return ConvTransposeLayer(output_padding=self.output_padding, method=self.method, **self._described())

    @linen.compact
    def __call__(self, y: ArrayLike, output_size: int | Sequence[int] | None = None) -> Array:
        """y (*batch, *out_size, in_ch) -> (*batch, *in_size, out_ch).

        `output_size` names in_size itself, and replaces the layer's `output_padding`.
        """
        return self._layer().apply(y, *self._parameters(y), output_size)
