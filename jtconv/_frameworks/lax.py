"""`jax.lax.conv_transpose`, as of jax 0.10 and 0.11.

"SAME" and "VALID" describe the convolution that is transposed, with result sizes s·o and
s·o + max(d(k-1)+1 - s, 0). Pairs pad the dilated input, unless `use_consistent_padding`.
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from jtconv._frameworks.framework import Framework, Signature
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._frameworks.layer import Layer, Name, NoEquivalent, call, check_zeros, with_bias
from jtconv._frameworks.reading import dilated_input_spec, pairs, positive_ints
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec

MAX_NAMED_AXES = 3  # spatial axes whose dimensions lax names itself
_NAMES = ("SAME", "VALID")


def layout(*, transpose_kernel: bool) -> KernelLayout:
    """Return lax's layout: (*k, x_ch, y_ch) with `transpose_kernel`, else (*k, y_ch, x_ch), reversed."""
    return KernelLayout() if transpose_kernel else KernelLayout(reversed=True, swapped=True)


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    padding: str | Sequence[Pads],
    rhs_dilation: Sequence[int] | None = None,
    use_consistent_padding: bool = False,
) -> ConvSpec:
    """Return the convolution whose transpose `lax.conv_transpose` computes with these arguments."""
    ndim = len(kernel_size)
    strides = positive_ints("strides", strides, ndim)
    dilation = (1,) * ndim if rhs_dilation is None else positive_ints("rhs_dilation", rhs_dilation, ndim)
    sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    pads = _forward_pads(padding, sizes, strides) if use_consistent_padding else _pads(padding, sizes, strides)
    return dilated_input_spec(y_size, kernel_size, strides=strides, pads=pads, dilation=dilation)


def _pads(padding: str | Sequence[Pads], sizes: list[int], strides: Sequence[int]) -> list[Pads]:
    """Return the padding of the dilated input; `sizes` are the effective kernel sizes."""
    if not isinstance(padding, str):
        return list(pairs("padding", padding, len(sizes), _NAMES))
    if padding in _NAMES:
        return [_named(padding, k, s) for k, s in zip(sizes, strides, strict=True)]
    # lax passes every other string on to the stride-1 convolution, and it means that one's padding.
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
    """Return that padding with `use_consistent_padding`: pairs are those of the convolution that is transposed."""
    if isinstance(padding, str):
        arg.one_of("padding", padding, _NAMES)
        return _pads(padding, sizes, strides)
    each = pairs("padding", padding, len(sizes), _NAMES)
    return [(k - 1 - lo, k - 1 - hi) for k, (lo, hi) in zip(sizes, each, strict=True)]


def write(layer: Layer) -> str:
    """Return the function with `transpose_kernel`, so that it takes the kernel as it is."""
    check_zeros(layer, "lax.conv_transpose")
    spec = layer.spec
    if spec.groups != 1:
        raise NoEquivalent(
            "lax.conv_transpose has no groups; lax.conv_general_dilated has (lhs_dilation, feature_group_count)"
        )
    options: dict[str, Any] = {} if set(spec.dilation) <= {1} else {"rhs_dilation": spec.dilation}
    if layer.ndim > MAX_NAMED_AXES:
        axes = [letter for letter in ascii_uppercase if letter not in "NCIO"][: layer.ndim]
        numbers = ("N" + "".join(axes) + "C", "".join(axes) + "IO", "N" + "".join(axes) + "C")
        options["dimension_numbers"] = numbers
    text = call(
        "lax.conv_transpose",
        Name("y"),
        Name("kernel"),
        spec.strides,
        padding_of(layer),
        **options,
        transpose_kernel=True,
    )
    return with_bias(text, layer.use_bias)


def padding_of(layer: Layer) -> str | tuple[Pads, ...]:
    """Return "SAME", "VALID", or the pairs that pad the dilated input."""
    spec = layer.spec
    for padding in ("SAME", "VALID"):
        if layer.is_read_by(read, strides=spec.strides, padding=padding, rhs_dilation=spec.dilation):
            return padding
    reach = [k - 1 for k in spec.effective_kernel_size]
    return tuple((r - lo, r - hi) for r, (lo, hi) in zip(reach, layer.whole_pads, strict=True))


FRAMEWORK = Framework(
    name="lax",
    title="JAX lax",
    before="from jax import lax\n\nx = ",
    write=write,
    layout=layout(transpose_kernel=True),
    signatures=(
        Signature(
            "lax.conv_transpose",
            "lhs rhs strides padding rhs_dilation dimension_numbers transpose_kernel precision "
            "preferred_element_type use_consistent_padding",
            read,
            required=("strides", "padding"),
        ),
    ),
)
