"""`conv`: the convolution C, channels last."""

from collections.abc import Sequence
from functools import partial

from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays import checks
from jtconv._arrays.checks import Precision
from jtconv._arrays.layer_arguments import checked_conv
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives.family import forward
from jtconv._primitives.lax_only import jit_outside_lax_only


@naming_keywords
def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Convolution y = C x, as neural networks use the word (the kernel is not flipped).

        y[o, f] = sum over taps t and channels c of kernel[t, c, f] * x[s*o + d*t - lo, c]

    Args:
      x: (*batch, *in_size, in_ch), floating or complex; any number of batch axes, also none. `jax.export`
        may leave the sizes of batch and space open.
      kernel: (*kernel_size, in_ch // groups, out_ch); its rank gives the number of spatial axes.
      strides: step s of the window, an int or one per spatial axis.
      padding: "VALID", "SAME" (output size ceil(i / s), an odd unit at the end), "SAME_LOWER"
        (the odd unit at the start), "CAUSAL" (d(k-1) before: no output sees a later input), "ANTICAUSAL"
        (d(k-1) after), an int, an int per axis or a (lo, hi) pair per axis; negative entries crop.
      dilation: spacing d of the taps, an int or one per spatial axis.
      groups: number of independent channel blocks; divides in_ch and out_ch.
      padding_mode: what is added: "zeros", "circular", "reflect" or "replicate".
      precision: as in `jax.lax.conv_general_dilated`.
      preferred_element_type: dtype of the result, and the minimum dtype of the computation. By
        default the promoted dtype of `x` and `kernel`.

    Returns:
      (*batch, *out_size, out_ch), out_size = floor((i + lo + hi - d(k-1) - 1) / s) + 1.

    Raises:
      TypeError: for integer arrays and arguments of a wrong type.
      ValueError: for shapes and arguments that make no convolution.

    >>> import jax.numpy as jnp
    >>> conv(jnp.ones((2, 10, 3)), jnp.ones((4, 3, 5)), strides=2, padding=1).shape
    (2, 5, 5)
    """
    call = checked_conv(
        x,
        kernel,
        precision,
        preferred_element_type,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    return _conv_any_batch(*call[:-1]).astype(call.result)


@partial(jit_outside_lax_only, static_argnames=("spec", "precision"), inline=True)
def _conv_any_batch(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    y = forward(checks.merge_batch(x, spec.ndim), kernel, spec, precision)
    return checks.split_batch(y, x, spec.ndim)
