"""`conv_transpose`: Cᵀ, by the method asked for."""

from collections.abc import Sequence
from functools import partial

from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays import checks
from jtconv._arrays.checks import Precision
from jtconv._arrays.layer_arguments import checked_transpose
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives.dispatch import check_sizes_for, methods
from jtconv._primitives.family import transposed
from jtconv._primitives.lax_only import jit_outside_lax_only

METHODS = methods()
"""The names that `method=` takes."""


@naming_keywords
def conv_transpose(
    y: ArrayLike,
    kernel: ArrayLike,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    output_size: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    method: str = "auto",
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
    """Transposed convolution x = Cᵀ y: the transpose of `conv` in its input.

        x[i, c] = sum over (o, t) with s*o + d*t - lo = i, and f, of kernel[t, c, f] * y[o, f]

    so that sum(conv(x, kernel) * y) = sum(x * conv_transpose(y, kernel)) for every x and y. Every
    argument describes the convolution C that is transposed; `kernel` is C's kernel, unflipped.
    For complex arrays this is the transpose, without conjugation.

    Args:
      y: (*batch, *out_size, out_ch), what C returns; floating or complex; any number of batch axes, also none.
        `jax.export` may leave the sizes of batch and space open; for the method "matrix", that of the batch.
      kernel: (*kernel_size, in_ch // groups, out_ch), as in `conv`.
      strides, padding, dilation, groups, padding_mode: those of C; see `conv`. A causal decoder, whose result
        waits for no later y, has the padding "ANTICAUSAL": "CAUSAL" makes C causal, so its transpose looks ahead.
      output_padding: which of the s input sizes that C maps to y's size is meant, an int or one
        per axis: a in [0, s) above the smallest; for "SAME", "SAME_LOWER" and "ANTICAUSAL" a in (-s, 0],
        counted from s*o. Nothing is appended.
      output_size: the result's spatial size, named outright instead. It may be open, in terms of y's size.
      method: one of `METHODS`; all of them give the same numbers, to rounding.
      precision: as in `jax.lax.conv_general_dilated`.
      preferred_element_type: dtype of the result, and the minimum dtype of the computation. By
        default the promoted dtype of `y` and `kernel`.

    Returns:
      (*batch, *in_size, in_ch), in_size = s(o-1) + d(k-1) + 1 - lo - hi + a; s*o + a for "SAME" and "ANTICAUSAL".

    Raises:
      TypeError: for integer arrays and arguments of a wrong type.
      ValueError: for shapes and arguments that no convolution has.

    The arithmetic is no. 14 of Dumoulin and Visin, arXiv:1603.07285.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 5, 3)), jnp.ones((4, 2, 3)), strides=2, padding=1).shape
    (1, 10, 2)
    """
    call = checked_transpose(
        y,
        kernel,
        output_padding,
        output_size,
        precision,
        preferred_element_type,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    name = arg.one_of("method", method, METHODS)
    check_sizes_for(name, call.spec)
    return _transpose_any_batch(*call[:-1], method=name).astype(call.result)


@partial(jit_outside_lax_only, static_argnames=("spec", "precision", "method"), inline=True)
def _transpose_any_batch(y: Array, kernel: Array, spec: ConvSpec, precision: Precision, method: str) -> Array:
    x = transposed(checks.merge_batch(y, spec.ndim), kernel, spec, precision, method)
    return checks.split_batch(x, y, spec.ndim)
