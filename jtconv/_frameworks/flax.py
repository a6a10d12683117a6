"""`flax.linen.ConvTranspose` and `flax.nnx.ConvTranspose`, which agree, as of flax 0.12.

All but "CIRCULAR" is lax's. "CIRCULAR" wraps the result of "VALID" around s·o positions, centred:
the transpose of a circular convolution that pads ceil(e / 2) before the first position, or
floor(e / 2) without `transpose_kernel`, with e = max(d(k-1)+1 - s, 0). Flax's own
`Conv(padding="CIRCULAR")` pads floor(d(k-1) / 2). With `transpose_kernel` that is the same at
stride 2, for odd kernels at stride 1, for even ones at stride 3 and for one or two taps at any
stride above 1; other results are shifted.
"""

from collections.abc import Sequence
from typing import Any

from jtconv._frameworks import lax
from jtconv._frameworks.framework import Framework, Signature
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.lax import layout as layout
from jtconv._frameworks.layer import Layer, Name, call, check_axes, check_groups, check_zeros, given
from jtconv._frameworks.reading import layer_spec
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] | None = None,
    padding: str | int | Sequence[int | Pads] = "SAME",
    kernel_dilation: int | Sequence[int] | None = None,
    transpose_kernel: bool = False,
    circular_adjoint: bool = False,
) -> ConvSpec:
    """Return the convolution whose transpose flax's layer with these fields computes.

    With `circular_adjoint`, "CIRCULAR" is the transpose of flax's own `Conv(padding="CIRCULAR")`
    on an input of s·o positions.
    """
    ndim = len(kernel_size)
    strides = _repeated("strides", strides, ndim)
    dilation = _repeated("kernel_dilation", kernel_dilation, ndim)
    if isinstance(padding, str) and padding == "CIRCULAR":
        sizes = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
        starts = [
            (k - 1) // 2 if circular_adjoint else (max(k - s, 0) + transpose_kernel) // 2
            for k, s in zip(sizes, strides, strict=True)
        ]
        return layer_spec(
            y_size,
            kernel_size,
            strides=strides,
            pads=[(lo, k - s - lo) for k, s, lo in zip(sizes, strides, starts, strict=True)],
            dilation=dilation,
            padding_mode="circular",
        )
    return lax.read(
        y_size, kernel_size, strides=strides, padding=_as_lax_takes_it(padding, ndim), rhs_dilation=dilation
    )


def _repeated(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """Return one int per axis; an int is for all axes, None for 1."""
    return arg.per_axis(name, 1 if value is None else value, ndim, minimum=1)


def _as_lax_takes_it(padding: Any, ndim: int) -> str | tuple[Pads, ...]:
    """Return a string, or pairs: an int is a pair, alone for all axes or in its axis's place."""
    if isinstance(padding, str):
        if padding == "CAUSAL":
            raise ValueError(
                "`padding` must be 'SAME', 'VALID', 'CIRCULAR', an int, or per spatial axis an int or a (lo, hi) pair, "
                "got 'CAUSAL', which flax's documentation names, but no version computes. For one axis, "
                "jtconv.conv_transpose(padding='CAUSAL') is the transpose of the causal convolution."
            )
        return padding
    pads = arg.padding_rule(padding, ndim)
    assert not isinstance(pads, str)
    return pads


def write_nnx(layer: Layer) -> str:
    """Return the NNX module."""
    options = _options(layer)
    return call("nnx.ConvTranspose", layer.in_ch, layer.out_ch, layer.spec.kernel_size, **options, rngs=Name("rngs"))


def write_linen(layer: Layer) -> str:
    """Return the Linen module."""
    return call("nn.ConvTranspose", layer.out_ch, layer.spec.kernel_size, **_options(layer))


def _options(layer: Layer) -> dict[str, Any]:
    """Return the keywords without `transpose_kernel`, which scales initial values by the wrong number of channels."""
    check_axes(layer, "flax")
    check_groups(layer, "flax")
    spec = layer.spec
    return given(
        strides=(one_or_each(spec.strides), 1),
        padding=(_padding(layer), "SAME"),
        kernel_dilation=(one_or_each(spec.dilation), 1),
        use_bias=(layer.use_bias, True),
    )


def _padding(layer: Layer) -> Any:
    spec = layer.spec
    if layer.is_read_by(read, strides=spec.strides, padding="CIRCULAR", kernel_dilation=spec.dilation):
        return "CIRCULAR"
    check_zeros(layer, "flax")
    return lax.padding_of(layer)


NNX = Framework(
    name="nnx",
    title="Flax NNX",
    before="from flax import nnx\n\nrngs = nnx.Rngs(0)\nlayer = ",
    write=write_nnx,
    layout=layout(transpose_kernel=False),
    parameters=(
        Parameters("flax", "kernel", "bias", conv=KernelLayout(), conv_transpose=layout(transpose_kernel=False)),
        Parameters("flax, transpose_kernel", "kernel", "bias", conv=KernelLayout(), conv_transpose=KernelLayout()),
    ),
    family="flax",
    signatures=(
        Signature(
            "nnx.ConvTranspose",
            "in_features out_features kernel_size strides * padding kernel_dilation use_bias mask dtype param_dtype "
            "precision kernel_init bias_init transpose_kernel promote_dtype preferred_element_type rngs "
            "kernel_metadata bias_metadata",
            read,
            kernel_size="kernel_size",
            in_ch="in_features",
            out_ch="out_features",
            bias="use_bias",
            required=("in_features", "out_features", "kernel_size"),
            told_by="rngs",  # without it NNX makes no layer
        ),
    ),
)
LINEN = Framework(
    name="linen",
    title="Flax Linen",
    before="from flax import linen as nn\n\nlayer = ",
    write=write_linen,
    layout=layout(transpose_kernel=False),
    family="flax",
    signatures=(
        Signature(
            "nn.ConvTranspose",
            "features kernel_size strides padding kernel_dilation use_bias mask dtype param_dtype precision "
            "kernel_init bias_init transpose_kernel promote_dtype preferred_element_type parent name",
            read,
            kernel_size="kernel_size",
            out_ch="features",
            bias="use_bias",
            required=("features", "kernel_size"),
        ),
    ),
)
