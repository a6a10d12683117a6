"""The numbers of `flax.linen.ConvTranspose` and `flax.nnx.ConvTranspose`, as a function of arrays."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision, as_array, floating, promoted
from jtconv._frameworks import flax
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read


def conv_transpose(
    inputs: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: int | Sequence[int] | None = None,
    *,
    padding: str | int | Sequence[int | Pads] = "SAME",
    kernel_dilation: int | Sequence[int] | None = None,
    mask: ArrayLike | None = None,
    dtype: DTypeLike | None = None,
    precision: Precision = None,
    transpose_kernel: bool = False,
    preferred_element_type: DTypeLike | None = None,
    circular_adjoint: bool = False,
) -> Array:
    """Compute Linen's or NNX's `ConvTranspose`, given its fields and parameters.

    Args:
      inputs: (*batch, *size, in_ch), any number of batch axes.
      kernel: the module's: (*k, in_ch, out_ch), or (*k, out_ch, in_ch) with `transpose_kernel`.
      bias: (out_ch,), or None.
      strides, kernel_dilation: an int, one per spatial axis, or None for 1.
      padding: "SAME", "VALID", "CIRCULAR", an int or, per axis, an int or a (lo, hi) pair. Numbers
        pad the dilated input, as in `jtconv.compat.lax`.
      mask: multiplied with the kernel; of its shape.
      dtype: dtype to compute in; by default what the three arrays promote to.
      precision, preferred_element_type: as in `jax.lax.conv_transpose`.
      circular_adjoint: what "CIRCULAR" means. Flax's result is shifted against the transpose of its
        own `Conv(padding="CIRCULAR")` for even kernels at stride 1, odd ones at stride 3 and nearly
        all at larger strides; with True it is the transpose.

    Returns:
      (*batch, *out_size, out_ch).

    Raises:
      TypeError, ValueError: for what flax refuses, "CAUSAL" among it, for empty axes, and for a
        `dtype` that drops imaginary parts.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((8, 3)), jnp.ones((3, 3, 4)), jnp.ones(4), padding="VALID").shape
    (10, 4)
    """
    inputs, kernel = as_array("inputs", inputs), _checks.masked(kernel, mask, "kernel")
    bias = None if bias is None else as_array("bias", bias)
    dtype = _common(dtype, *(inputs, kernel) if bias is None else (inputs, kernel, bias))
    y = inputs.astype(dtype)
    layout = flax.layout(transpose_kernel=arg.truth("transpose_kernel", transpose_kernel))
    ours = layout.to_ours(_checks.kernel_rank("kernel", kernel.astype(dtype), "(*k, in_ch, out_ch)"))
    _checks.channels("inputs", y, "kernel", ours)
    spec = flax.read(
        _checks.size_read(y.shape[y.ndim - ours.ndim + 1 : -1]),
        ours.shape[:-2],
        strides=strides,
        padding=padding,
        kernel_dilation=kernel_dilation,
        transpose_kernel=bool(transpose_kernel),
        circular_adjoint=arg.truth("circular_adjoint", circular_adjoint),
    )
    preferred = _checks.wide_enough(preferred_element_type, y)
    x = transposed_as_read(y, ours, spec, precision=precision, preferred_element_type=preferred)
    return x if bias is None else x + _checks.bias_of("bias", bias.astype(dtype), x.shape[-1:])


def _common(dtype: DTypeLike | None, *arrays: Array) -> jnp.dtype:
    """The dtype to compute in: at least a floating one."""
    rule = "`inputs`, `kernel` and `bias` must have dtypes that promote to one"
    common = promoted(rule, *arrays)
    if dtype is None:
        return common if jnp.issubdtype(common, jnp.inexact) else promoted(rule, jnp.dtype(jnp.float32), common)
    given = floating("dtype", dtype)
    if jnp.issubdtype(common, jnp.complexfloating) and not jnp.issubdtype(given, jnp.complexfloating):
        raise TypeError(f"`dtype` must be complex where an array is, got {given}: it would drop the imaginary part.")
    return given
