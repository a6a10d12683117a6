"""`jax.lax.conv_transpose`, as of jax 0.10 and 0.11.

"SAME" and "VALID" describe the convolution that is transposed, with result sizes s·o and
s·o + max(d(k-1)+1 - s, 0). Pairs pad the dilated input, unless `use_consistent_padding`.
"""

from collections.abc import Sequence

from jtconv._dialects import _checks
from jtconv._dialects._dilated_input import dilated_input_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec

_NAMES = ("SAME", "VALID")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    padding: str | Sequence[Pads],
    rhs_dilation: Sequence[int] | None = None,
    use_consistent_padding: bool = False,
) -> ConvSpec:
    """The convolution whose transpose `lax.conv_transpose` computes with these arguments."""
    ndim = len(kernel_size)
    strides = _checks.positive_ints("strides", strides, ndim)
    dilation = (1,) * ndim if rhs_dilation is None else _checks.positive_ints("rhs_dilation", rhs_dilation, ndim)
    sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    pads = _forward_pads(padding, sizes, strides) if use_consistent_padding else _pads(padding, sizes, strides)
    return dilated_input_layer(y_size, kernel_size, strides=strides, pads=pads, dilation=dilation)


def _pads(padding: str | Sequence[Pads], sizes: list[int], strides: Sequence[int]) -> list[Pads]:
    """What pads the dilated input; `sizes` are the effective kernel sizes."""
    if not isinstance(padding, str):
        return list(_checks.pairs("padding", padding, len(sizes), _NAMES))
    if padding in _NAMES:
        return [_named(padding, k, s) for k, s in zip(sizes, strides, strict=True)]
    # lax hands every other string on to the stride-1 convolution, whose padding it then means.
    if max(strides, default=1) > 1 or padding.upper() not in (*_NAMES, "SAME_LOWER"):
        raise ValueError(
            f"`padding` must be 'SAME', 'VALID' or {len(sizes)} (lo, hi) pairs, got {arg.shown(padding)} (strides "
            f"{tuple(strides)})."
        )
    return [_of_the_stride_1_convolution(padding.upper(), k) for k in sizes]


def _named(padding: str, k: int, s: int) -> Pads:
    if padding == "VALID":
        return (k - 1, max(k, s) - 1)
    lo = max(k - s, 0) // 2
    return (k - 1 - lo, s - 1 + lo)


def _of_the_stride_1_convolution(padding: str, k: int) -> Pads:
    if padding == "VALID":
        return (0, 0)
    small, large = (k - 1) // 2, k // 2
    return (small, large) if padding == "SAME" else (large, small)


def _forward_pads(padding: str | Sequence[Pads], sizes: list[int], strides: Sequence[int]) -> list[Pads]:
    """The same with `use_consistent_padding`: pairs are those of the convolution that is transposed."""
    if isinstance(padding, str):
        arg.one_of("padding", padding, _NAMES)
        return _pads(padding, sizes, strides)
    pairs = _checks.pairs("padding", padding, len(sizes), _NAMES)
    return [(k - 1 - lo, k - 1 - hi) for k, (lo, hi) in zip(sizes, pairs, strict=True)]
