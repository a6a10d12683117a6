"""The layers and functions of each framework that compute a transposed convolution."""

from dataclasses import replace

from jtconv._calls._signature import Signature
from jtconv._dialects import equinox, flax, haiku, keras, lax, onnx, ours, tf, torch

_TORCH_LAYER = Signature(
    "torch.nn.ConvTranspose",
    "in_channels out_channels kernel_size stride padding output_padding groups bias dilation padding_mode device dtype",
    torch.read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    out_ch="out_channels",
    bias="bias",
    required=("kernel_size",),
    fixed=(("padding_mode", "zeros"),),
)
_TORCH_FUNCTION = Signature(
    "torch.nn.functional.conv_transpose",
    "input weight bias stride padding output_padding groups dilation",
    torch.read,
    bias="bias",
    has_bias=False,
)
_KERAS_LAYER = Signature(
    "keras.layers.ConvTranspose",
    "filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias "
    "kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint "
    "bias_constraint * name dtype trainable input_shape",
    keras.read_layer,
    kernel_size="kernel_size",
    out_ch="filters",
    bias="use_bias",
    required=("kernel_size",),
)
# Conv3DTranspose alone takes data_format before output_padding.
_KERAS_LAYER_3D = replace(
    _KERAS_LAYER,
    parameters=_KERAS_LAYER.parameters.replace("output_padding data_format", "data_format output_padding"),
)
_KERAS_FUNCTION = Signature(
    "keras.ops.conv_transpose",
    "inputs kernel strides padding output_padding data_format dilation_rate",
    keras.read,
)
_TF = Signature(
    "tf.nn.conv_transpose",
    "input filters output_shape strides padding data_format dilations name",
    tf.read,
    whole_shape="output_shape",
    required=("output_shape", "strides"),
)
_NNX = Signature(
    "nnx.ConvTranspose",
    "in_features out_features kernel_size strides * padding kernel_dilation use_bias mask dtype param_dtype precision "
    "kernel_init bias_init transpose_kernel promote_dtype preferred_element_type rngs kernel_metadata bias_metadata",
    flax.read,
    kernel_size="kernel_size",
    in_ch="in_features",
    out_ch="out_features",
    bias="use_bias",
    required=("in_features", "out_features", "kernel_size"),
)
_LINEN = Signature(
    "nn.ConvTranspose",
    "features kernel_size strides padding kernel_dilation use_bias mask dtype param_dtype precision kernel_init "
    "bias_init transpose_kernel promote_dtype preferred_element_type parent name",
    flax.read,
    kernel_size="kernel_size",
    out_ch="features",
    bias="use_bias",
    required=("features", "kernel_size"),
    aliases=("linen",),
)
_LAX = Signature(
    "lax.conv_transpose",
    "lhs rhs strides padding rhs_dilation dimension_numbers transpose_kernel precision preferred_element_type "
    "use_consistent_padding",
    lax.read,
    required=("strides", "padding"),
)
_ONNX = Signature(
    "ConvTranspose",
    "X W B * auto_pad dilations group kernel_shape output_padding output_shape pads strides",
    onnx.read,
    kernel_size="kernel_shape",
    bias="B",
    has_bias=False,
)
_EQUINOX = Signature(
    "eqx.nn.ConvTranspose",
    "num_spatial_dims in_channels out_channels kernel_size stride padding output_padding dilation groups use_bias "
    "padding_mode dtype * key",
    equinox.read,
    kernel_size="kernel_size",
    in_ch="in_channels",
    out_ch="out_channels",
    axes="num_spatial_dims",
    bias="use_bias",
    required=("num_spatial_dims", "kernel_size"),
)
# The numbered classes take output_padding before padding.
_EQUINOX_NUMBERED = replace(
    _EQUINOX,
    parameters="in_channels out_channels kernel_size stride output_padding padding dilation groups use_bias "
    "padding_mode dtype * key",
    axes=None,
    required=("kernel_size",),
)
_HAIKU = Signature(
    "hk.ConvNDTranspose",
    "num_spatial_dims output_channels kernel_shape stride output_shape padding with_bias w_init b_init data_format "
    "mask name",
    haiku.read,
    kernel_size="kernel_shape",
    out_ch="output_channels",
    axes="num_spatial_dims",
    bias="with_bias",
    required=("num_spatial_dims", "kernel_shape"),
)
_HAIKU_NUMBERED = replace(
    _HAIKU,
    parameters=_HAIKU.parameters.partition(" ")[2],
    axes=None,
    required=("kernel_shape",),
)
_OUR_LAYER = Signature(
    "jtconv.nn.ConvTranspose",
    "in_ch out_ch kernel_size * strides padding output_padding dilation groups padding_mode method use_bias "
    "kernel_init bias_init dtype param_dtype precision rngs",
    ours.read,
    kernel_size="kernel_size",
    in_ch="in_ch",
    out_ch="out_ch",
    bias="use_bias",
    required=("kernel_size",),
)
_OUR_FUNCTION = Signature(
    "jtconv.conv_transpose",
    "y kernel * strides padding output_padding output_size dilation groups padding_mode method precision "
    "preferred_element_type",
    ours.read,
)


def _numbered(signature: Signature, pattern: str) -> list[Signature]:
    """One for each number of spatial axes; `pattern` is the name with {n} in its place."""
    return [replace(signature, name=pattern.format(n=n), ndim=n) for n in (1, 2, 3)]


SIGNATURES: dict[str, list[Signature]] = {
    "jtconv": [_OUR_LAYER, _OUR_FUNCTION],
    "torch": [
        *_numbered(_TORCH_LAYER, "torch.nn.ConvTranspose{n}d"),
        *_numbered(_TORCH_FUNCTION, "torch.nn.functional.conv_transpose{n}d"),
    ],
    "keras": [
        *_numbered(_KERAS_LAYER, "keras.layers.Conv{n}DTranspose")[:2],
        _numbered(_KERAS_LAYER_3D, "keras.layers.Conv{n}DTranspose")[2],
        _KERAS_FUNCTION,
    ],
    "tf": [*_numbered(_TF, "tf.nn.conv{n}d_transpose"), _TF],
    "nnx": [_NNX],
    "linen": [_LINEN],
    "flax": [_NNX, _LINEN],
    "lax": [_LAX],
    "onnx": [_ONNX],
    "equinox": [*_numbered(_EQUINOX_NUMBERED, "eqx.nn.ConvTranspose{n}d"), _EQUINOX],
    "haiku": [*_numbered(_HAIKU_NUMBERED, "hk.Conv{n}DTranspose"), _HAIKU],
}
