"""`jax.lax.conv_transpose`, its arguments and numbers, computed by `jtconv.conv_transpose`."""

from collections.abc import Sequence

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision
from jtconv._frameworks import lax
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv.compat import _checks
from jtconv.compat._checks import transposed_as_read

DimensionNumbers = tuple[str, str, str] | jax.lax.ConvDimensionNumbers
_DEFAULTS = {
    2: ("NC", "IO", "NC"),
    3: ("NHC", "HIO", "NHC"),
    4: ("NHWC", "HWIO", "NHWC"),
    5: ("NHWDC", "HWDIO", "NHWDC"),
}


def conv_transpose(
    lhs: ArrayLike,
    rhs: ArrayLike,
    strides: Sequence[int],
    padding: str | Sequence[Pads],
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: DimensionNumbers | None = None,
    transpose_kernel: bool = False,
    precision: Precision = None,
    preferred_element_type: DTypeLike | None = None,
    use_consistent_padding: bool = False,
) -> Array:
    """`jax.lax.conv_transpose(lhs, rhs, strides, padding, …)`.

    Args:
      lhs: the input; by default (N, *size, C), floating or complex.
      rhs: the kernel, of lhs's dtype; by default (*k, C, out_ch), or (*k, out_ch, C) with
        `transpose_kernel`. With `transpose_kernel` it is the kernel of the convolution that is transposed,
        without it that of the stride-1 convolution over the dilated input.
      strides, rhs_dilation: one int per spatial axis; no `rhs_dilation` is 1 on each.
      padding: "SAME" gives s·o positions, "VALID" s·o + max(d(k-1)+1 - s, 0); a (lo, hi) pair per
        axis pads the input with s - 1 zeros between its positions, and so is not what the
        convolution pads, unless `use_consistent_padding`. Negative entries crop.
      dimension_numbers: as in `jax.lax.conv_general_dilated`; by default channels come last.
      precision, preferred_element_type: as in `jax.lax.conv_general_dilated`.

    Returns:
      The result, its axes in the order that `dimension_numbers` says.

    Raises:
      TypeError, ValueError: for what lax refuses, and for integer arrays and empty axes, which lax
        takes.

    >>> import jax.numpy as jnp
    >>> conv_transpose(jnp.ones((1, 5, 3)), jnp.ones((4, 3, 2)), (2,), "SAME").shape
    (1, 10, 2)
    """
    lhs, rhs = _checks.one_dtype(lhs=lhs, rhs=rhs)
    image, taps, result = _axes(lhs, rhs, dimension_numbers)
    layout = lax.layout(transpose_kernel=arg.truth("transpose_kernel", transpose_kernel))
    y, kernel = lhs.transpose(image), layout.to_ours(rhs.transpose(taps))
    _checks.channels("lhs", y, "rhs", kernel)
    spec = lax.read(
        _checks.size_read(y.shape[1:-1]),
        kernel.shape[:-2],
        strides=strides,
        padding=padding,
        rhs_dilation=rhs_dilation,
        use_consistent_padding=arg.truth("use_consistent_padding", use_consistent_padding),
    )
    x = transposed_as_read(
        y, kernel, spec, precision=precision, preferred_element_type=_checks.wide_enough(preferred_element_type, y)
    )
    return x.transpose(np.argsort(result))


def _axes(lhs: Array, rhs: Array, numbers: DimensionNumbers | None) -> list[tuple[int, ...]]:
    """The axes of lhs, rhs and the result that are (N, *size, C), (*k, I, O) and (N, *size, C)."""
    if lhs.ndim != rhs.ndim or lhs.ndim < 2:
        raise ValueError(f"`lhs` and `rhs` must have equally many axes, at least 2, got {lhs.shape} and {rhs.shape}.")
    if numbers is None and lhs.ndim not in _DEFAULTS:
        raise ValueError(f"`dimension_numbers` must be given for more than 3 spatial axes, got {lhs.ndim - 2}.")
    try:
        specs = jax.lax.conv_dimension_numbers(
            lhs.shape, rhs.shape, _DEFAULTS[lhs.ndim] if numbers is None else numbers
        )
    except Exception as error:  # lax is not prepared for all that may be given
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"`dimension_numbers` must be three strings such as {_DEFAULTS[4]}, or None, got {arg.shown(numbers)}: "
            f"{str(error).partition(chr(10))[0]}"
        ) from None
    if any(sorted(spec) != list(range(lhs.ndim)) for spec in specs):
        raise ValueError(f"`dimension_numbers` must name each of the {lhs.ndim} axes once, got {specs}.")
    (n, c, *size), (o, i, *k), (to_n, to_c, *to_size) = specs
    return [(n, *size, c), (*k, i, o), (to_n, *to_size, to_c)]
