"""`jax.lax.conv_transpose`."""

from string import ascii_uppercase
from typing import Any

from jtconv._dialects import lax as dialect
from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents._code import Name, call, with_bias
from jtconv._equivalents._layer import Equivalent, Layer, check_zeros
from jtconv._geometry.arguments import Pads

_DEFAULT_AXES = 3  # lax names the dimensions itself up to here


def write(layer: Layer) -> Equivalent:
    """The function with `transpose_kernel`, so that it takes the kernel as it is."""
    check_zeros(layer, "lax.conv_transpose")
    spec = layer.spec
    if spec.groups != 1:
        raise NoEquivalent(
            "lax.conv_transpose has no groups; lax.conv_general_dilated has (lhs_dilation, feature_group_count)"
        )
    options: dict[str, Any] = {} if set(spec.dilation) <= {1} else {"rhs_dilation": spec.dilation}
    if layer.ndim > _DEFAULT_AXES:
        axes = [letter for letter in ascii_uppercase if letter not in "NCIO"][: layer.ndim]
        numbers = ("N" + "".join(axes) + "C", "".join(axes) + "IO", "N" + "".join(axes) + "C")
        options["dimension_numbers"] = numbers
    text = call(
        "lax.conv_transpose",
        Name("y"),
        Name("kernel"),
        spec.strides,
        lax_padding(layer),
        **options,
        transpose_kernel=True,
    )
    return Equivalent(with_bias(text, layer.use_bias), layer.kernel_shape("k", "out", "in"))


def lax_padding(layer: Layer) -> str | tuple[Pads, ...]:
    """ "SAME", "VALID", or the pairs that pad the dilated input."""
    spec = layer.spec
    for padding in ("SAME", "VALID"):
        if layer.is_read_by(dialect.read, strides=spec.strides, padding=padding, rhs_dilation=spec.dilation):
            return padding
    reach = [k - 1 for k in spec.effective_kernel_size]
    return tuple((r - lo, r - hi) for r, (lo, hi) in zip(reach, layer.whole_pads, strict=True))
