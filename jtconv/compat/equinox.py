"""The numbers of `equinox.nn.ConvTranspose`, as a function of arrays."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._frameworks import equinox
from jtconv._geometry.arguments import Pads
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read


def conv_transpose(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] | Sequence[Pads] = 0,
    output_padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "ZEROS",
) -> Array:
    """Compute `equinox.nn.ConvTranspose`, given its fields and parameters.

    Args:
      x: (in_ch, *size), without a batch axis, as in equinox; use `jax.vmap` for one.
      weight: the module's (out_ch, in_ch // groups, *k), of x's dtype.
      bias: (out_ch, 1, …), with a 1 for each spatial axis, or None.
      stride, dilation, groups: those of the convolution that is transposed.
      padding: that of the convolution: "SAME", "SAME_LOWER", "VALID", an int or, per axis, an int
        or a (lo, hi) pair.
      output_padding: below the stride; positions more at the end, or fewer than s·o for "SAME" and
        "SAME_LOWER".
      padding_mode: "ZEROS", or "CIRCULAR" with "SAME" and "SAME_LOWER".

    Returns:
      (out_ch, *out_size).

    Raises:
      TypeError, ValueError: for what equinox refuses, and for integer arrays and empty axes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((3, 5)), jnp.ones((2, 3, 4)), stride=2, padding=1).shape
    (2, 10)
    """
    x, weight = _checks.one_dtype(x=x, weight=weight)
    _checks.kernel_rank("weight", weight, "(out_ch, in_ch // groups, *k)")
    if x.ndim != weight.ndim - 1:
        raise ValueError(
            f"`x` must have shape (in_ch, *size) with {weight.ndim - 2} spatial axes, as `weight` has, got {x.shape}. "
            f"Use jax.vmap for a batch."
        )
    _checks.divided_by_groups("weight", weight, 0, groups)
    y, kernel = jnp.moveaxis(x, 0, -1), equinox.LAYOUT.to_ours(weight, groups)
    _checks.channels("x", y, "weight", kernel)
    spec = equinox.read(
        _checks.size_read(y.shape[:-1]),
        kernel.shape[:-2],
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    out = jnp.moveaxis(transposed_as_read(y, kernel, spec), -1, 0)
    if bias is None:
        return out
    return _checks.plus_bias(out, "bias", bias, (out.shape[0], *(1,) * (out.ndim - 1)))
