"""`equinox.nn.ConvTranspose`."""

from typing import Any

from jtconv._dialects import equinox as dialect
from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents._code import Name, call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, alike_or_pairs


def write(layer: Layer) -> Equivalent:
    """The layer; keywords throughout, as `ConvTranspose` and `ConvTranspose2d` order them differently."""
    spec = layer.spec
    options = given(
        stride=(one_or_each(spec.strides), 1),
        **_padding(layer),
        dilation=(one_or_each(spec.dilation), 1),
        groups=(spec.groups, 1),
        use_bias=(layer.use_bias, True),
    )
    numbered = layer.ndim in (1, 2, 3)
    text = call(
        f"eqx.nn.ConvTranspose{layer.ndim}d" if numbered else "eqx.nn.ConvTranspose",
        *(() if numbered else (layer.ndim,)),
        layer.in_ch,
        layer.out_ch,
        one_or_each(spec.kernel_size),
        **options,
        key=Name("key"),
    )
    return Equivalent(text, layer.kernel_shape("out", "in/", "k"), kernel_reversed=True)


def _padding(layer: Layer) -> dict[str, tuple[Any, Any]]:
    if layer.spec.padding_mode == "zeros":
        pads, rest = layer.pads_and_rest()
        return {"padding": (alike_or_pairs(pads), 0), "output_padding": (one_or_each(rest), 0)}
    for padding in ("SAME", "SAME_LOWER"):
        if _is_circular(layer, padding):
            return {"padding": (padding, 0), "padding_mode": ("CIRCULAR", "ZEROS")}
    raise NoEquivalent(
        f"equinox has no transpose of this {layer.spec.padding_mode} padding: of circular padding, that of SAME and "
        f"SAME_LOWER only, to s·o positions"
    )


def _is_circular(layer: Layer, padding: str) -> bool:
    spec = layer.spec
    return layer.is_read_by(
        dialect.read,
        stride=spec.strides,
        padding=padding,
        dilation=spec.dilation,
        groups=spec.groups,
        padding_mode="CIRCULAR",
    )
