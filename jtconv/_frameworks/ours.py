"""This library's own words, `jtconv.conv_transpose` and `jtconv.nn.ConvTranspose`."""

from collections.abc import Sequence

from jtconv._frameworks.framework import Framework, Signature
from jtconv._frameworks.kernel_layout import KernelLayout
from jtconv._frameworks.layer import Layer, Name, alike_or_pairs, call, given
from jtconv._geometry.arguments import Padding
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout()


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    output_size: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> ConvSpec:
    """Return the convolution that is transposed, for y of `y_size`."""
    geometry = ConvGeometry(
        tuple(kernel_size),
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    x_size = geometry.transpose_output_size(tuple(y_size), output_padding=output_padding, target=output_size)
    return geometry.at(x_size)


def write(layer: Layer) -> str:
    """Return `jtconv.nn.ConvTranspose(…)`."""
    spec = layer.spec
    if spec.padding_mode == "zeros":
        pads, output_padding = layer.pads_and_output_padding()
    else:  # the padding after the input is what is folded back, too: it stays as it is
        pads, whole = spec.pads, layer.whole_pads
        output_padding = tuple(hi - left for (_, hi), (_, left) in zip(pads, whole, strict=True))
    options = given(
        strides=(one_or_each(spec.strides), 1),
        padding=(alike_or_pairs(pads), 0),
        output_padding=(one_or_each(output_padding), 0),
        dilation=(one_or_each(spec.dilation), 1),
        groups=(spec.groups, 1),
        padding_mode=(spec.padding_mode, "zeros"),
        use_bias=(layer.use_bias, True),
    )
    return call("jtconv.nn.ConvTranspose", layer.in_ch, layer.out_ch, spec.kernel_size, **options, rngs=Name("rngs"))


FRAMEWORK = Framework(
    name="jtconv",
    title="jtconv",
    before="from flax import nnx\nimport jtconv.nn\n\nrngs = nnx.Rngs(0)\nlayer = ",
    write=write,
    layout=LAYOUT,
    modules=("jtconv.linen",),  # not flax's
    can_be_empty=True,
    signatures=(
        Signature(
            "jtconv.nn.ConvTranspose",
            "in_ch out_ch kernel_size * strides padding output_padding dilation groups padding_mode method use_bias "
            "kernel_init bias_init dtype param_dtype precision rngs",
            read,
            kernel_size="kernel_size",
            in_ch="in_ch",
            out_ch="out_ch",
            bias="use_bias",
            required=("kernel_size",),
        ),
        Signature(
            "jtconv.conv_transpose",
            "y kernel * strides padding output_padding output_size dilation groups padding_mode method precision "
            "preferred_element_type",
            read,
        ),
    ),
)
