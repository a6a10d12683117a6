"""`keras.ops.conv_transpose` and `keras.layers.Conv1DTranspose` to `3D`, as of Keras 3.15 on its JAX backend.

Both paddings pad the input with s - 1 zeros between its positions. In the result's size, K being the
effective kernel size d(k - 1) + 1: "valid" gives s(o - 1) + K + a, by default at least s·o; "same"
s·o, or s(o - 1) + K % 2 + a with `output_padding` a.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from jtconv._frameworks.framework import Framework, Signature, numbered
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import (
    Layer,
    NoEquivalent,
    call,
    check_axes,
    check_groups,
    check_zeros,
    given,
    no_such_crop,
)
from jtconv._frameworks.reading import dilated_input_spec
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec
from jtconv._geometry.words import one_or_each

LAYOUT = KernelLayout()  # (*k, x_ch, y_ch), also for convolutions
STRIDES_OR_DILATION = "keras layers take either strides > 1 or dilation_rate > 1, not both"
PADDINGS = ("valid", "same")
DATA_FORMATS = ("channels_last", "channels_first")


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    of_layer: bool = False,
) -> ConvSpec:
    """Return the convolution whose transpose keras's function, or its layer, computes with these arguments.

    Keras's layers refuse more than the function.
    """
    ndim = len(kernel_size)
    steps = arg.per_axis("strides", strides, ndim, minimum=1)
    dilation = arg.per_axis("dilation_rate", dilation_rate, ndim, minimum=1)
    rule = arg.one_of("padding", padding.lower() if isinstance(padding, str) else padding, PADDINGS)
    output_paddings = (None,) * ndim if output_padding is None else arg.per_axis("output_padding", output_padding, ndim)
    if of_layer:
        _check_layer(steps, dilation, output_paddings)
    reach = [effective_kernel_size(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    pads = [_pads(rule, k, s, a) for k, s, a in zip(reach, steps, output_paddings, strict=True)]
    for axis, (o, s, k, pair, a) in enumerate(zip(y_size, steps, reach, pads, output_paddings, strict=True)):
        _check_size(axis, s * (o - 1) + 2 - k + sum(pair), rule, a)
    return dilated_input_spec(y_size, kernel_size, strides=steps, pads=pads, dilation=dilation)


def strided_and_dilated(strides: Sequence[int], dilation_rate: Sequence[int]) -> bool:
    """Return whether both are above 1, on any axes. Keras's layers refuse that."""
    return max(strides) > 1 and max(dilation_rate) > 1


def _check_layer(steps: tuple[int, ...], dilation: tuple[int, ...], output_paddings: Sequence[int | None]) -> None:
    if strided_and_dilated(steps, dilation):
        raise ValueError(f"{STRIDES_OR_DILATION}, got `strides` {steps} and `dilation_rate` {dilation}.")
    for axis, (a, s) in enumerate(zip(output_paddings, steps, strict=True)):
        if a is not None and not 0 <= a < s:
            raise ValueError(
                f"`output_padding` of a keras layer must be in [0, strides), here [0, {s}), on spatial axis {axis}, "
                f"got {a}."
            )


def data_format(value: Any) -> str:
    """Return the data format, "channels_last" if none is given."""
    if value is None:
        return DATA_FORMATS[0]
    return arg.one_of("data_format", value.lower() if isinstance(value, str) else value, DATA_FORMATS)


def _pads(padding: str, k: int, s: int, a: int | None) -> Pads:
    """Return the padding of the dilated input; `k` is the effective kernel size."""
    if padding == "valid":
        return (k - 1, k - 1 + (max(s - k, 0) if a is None else a))
    total = s + k - 2 if a is None else k + k % 2 - 2 + a
    lo = min((total + 1) // 2, k - 1)
    return (lo, total - lo)


def _check_size(axis: int, size: int, padding: str, a: int | None) -> None:
    if size < 1:
        raise ValueError(
            f"`output_padding` {a} with `padding`={padding!r} leaves nothing on spatial axis {axis}: the result would "
            f"have {size} positions. Take a larger one, 0 ≤ output_padding < strides, or None."
        )


def write(layer: Layer) -> str:
    """Return the layer as "valid" or "same", its output_padding left out or searched for."""
    check_zeros(layer, "keras")
    check_axes(layer, "keras")
    check_groups(layer, "keras")
    spec = layer.spec
    if strided_and_dilated(spec.strides, spec.dilation):
        raise NoEquivalent(STRIDES_OR_DILATION)
    padding, output_padding = _padding(layer)
    options = given(
        strides=(one_or_each(spec.strides), 1),
        padding=(padding, "valid"),
        output_padding=(output_padding, None),
        dilation_rate=(one_or_each(spec.dilation), 1),
        use_bias=(layer.use_bias, True),
    )
    return call(f"keras.layers.Conv{layer.ndim}DTranspose", layer.out_ch, one_or_each(spec.kernel_size), **options)


def _padding(layer: Layer) -> tuple[str, int | tuple[int, ...] | None]:
    for padding in PADDINGS:
        if _is_read(layer, padding, None):
            return padding, None
    for padding in PADDINGS:
        found = [_output_padding_on(layer.axis(axis), padding) for axis in range(layer.ndim)]
        if None not in found:
            return padding, one_or_each(found)
    raise no_such_crop(layer, 'keras has padding="valid" and "same" only', 'padding="valid"', block=max)


def _output_padding_on(layer: Layer, padding: str) -> int | None:
    """Return the output_padding of a layer of one axis."""
    for a in range(layer.spec.strides[0]):
        if _is_read(layer, padding, a):
            return a
    return None


def _is_read(layer: Layer, padding: str, output_padding: int | None) -> bool:
    spec = layer.spec
    options = {"strides": spec.strides, "dilation_rate": spec.dilation, "of_layer": True}
    return layer.is_read_by(read, padding=padding, output_padding=output_padding, **options)


_LAYER = Signature(
    "",
    "filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias "
    "kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint "
    "bias_constraint * name dtype trainable input_shape",
    partial(read, of_layer=True),
    kernel_size="kernel_size",
    out_ch="filters",
    bias="use_bias",
    required=("kernel_size",),
)
# Conv3DTranspose alone takes data_format before output_padding.
_LAYER_3D = replace(
    _LAYER, parameters=_LAYER.parameters.replace("output_padding data_format", "data_format output_padding")
)
FRAMEWORK = Framework(
    name="keras",
    title="Keras",
    before="import keras\n\nlayer = ",
    write=write,
    layout=LAYOUT,
    parameters=(Parameters("keras", "kernel", "bias", conv=LAYOUT, conv_transpose=LAYOUT),),
    signatures=(
        *numbered(_LAYER, "keras.layers.Conv{n}DTranspose")[:2],
        numbered(_LAYER_3D, "keras.layers.Conv{n}DTranspose")[2],
        Signature(
            "keras.ops.conv_transpose", "inputs kernel strides padding output_padding data_format dilation_rate", read
        ),
    ),
)
