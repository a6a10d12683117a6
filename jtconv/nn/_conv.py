"""`Conv`: a learned kernel and bias around `jtconv.conv`."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._modules.conv_layers import ConvLayer
from jtconv._modules.initializers import Initializer, zeros
from jtconv.nn._module import NO_METADATA, ConvModule, Metadata


class Conv(ConvModule):
    """Convolution layer, channels last: (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch).

    Args:
      in_ch, out_ch: channels in and out; `groups` divides both.
      kernel_size: taps per spatial axis, (k, k) for pictures; an int is one axis, for signals.
      strides, padding, dilation, groups, padding_mode, precision, preferred_element_type: as in
        `jtconv.conv`.
      use_bias: whether a bias (out_ch,) is added.
      kernel_init, bias_init: initialisers, `f(key, shape, dtype)`. The kernel's default is LeCun's
        normal rule over (*kernel_size, in_ch // groups).
      mask: real or boolean, of the kernel's shape; multiplied onto the kernel in every call. It is
        part of the module's state, but not a Param.
      dtype: dtype of the computation; by default, the promoted dtype of the input and the kernel.
      param_dtype: dtype of the kernel and bias.
      kernel_metadata, bias_metadata: metadata of the Params, such as
        `{"out_sharding": (None, None, None, "model")}`; initialisers wrapped by
        `nnx.with_partitioning` do the same.
      rngs: source of the kernel's random key.

    Attributes:
      kernel: Param (*kernel_size, in_ch // groups, out_ch), as in `nnx.Conv`.
      bias: Param (out_ch,), or None.
      geometry: the `jtconv.ConvGeometry`.

    Raises:
      TypeError, ValueError: for wrong arguments when the module is made, for wrong inputs when it
        is called; naming the argument, the rule and the value.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> layer = Conv(3, 8, (4, 4), strides=2, padding=1, rngs=nnx.Rngs(0))
    >>> layer.kernel.shape, layer(jnp.ones((2, 10, 12, 3))).shape
    ((4, 4, 3, 8), (2, 5, 6, 8))
    """

    @naming_keywords
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
        kernel_init: Initializer | None = None,
        bias_init: Initializer = zeros,
        mask: ArrayLike | None = None,
        dtype: DTypeLike | None = None,
        param_dtype: DTypeLike = jnp.float32,
        precision: Precision = None,
        preferred_element_type: DTypeLike | None = None,
        kernel_metadata: Metadata = NO_METADATA,
        bias_metadata: Metadata = NO_METADATA,
        rngs: nnx.Rngs | nnx.RngStream,
    ):
        self.layer = ConvLayer(
            out_ch,
            kernel_size,
            strides=strides,
            padding=padding,
            dilation=dilation,
            groups=groups,
            padding_mode=padding_mode,
            dtype=dtype,
            param_dtype=param_dtype,
            precision=precision,
            preferred_element_type=preferred_element_type,
        )
        self._make_parameters(
            self.layer,
            in_ch,
            use_bias=use_bias,
            kernel_init=kernel_init,
            bias_init=bias_init,
            mask=mask,
            kernel_metadata=kernel_metadata,
            bias_metadata=bias_metadata,
            rngs=rngs,
        )

    def __call__(self, x: ArrayLike) -> Array:
        """x (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch)."""
        return self.layer.apply(x, *self._parameters())
