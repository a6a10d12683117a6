"""`tf.nn.conv1d_transpose`, `2d` and `3d`."""

from jtconv._dialects import tf as dialect
from jtconv._equivalents._code import Name, call, given, one_or_each, with_bias
from jtconv._equivalents._layer import Equivalent, Layer, check_axes, check_groups, check_zeros, no_such_crop


def write(layer: Layer) -> Equivalent:
    """The function with its output_shape and "SAME" or "VALID"."""
    check_zeros(layer, "tf.nn")
    check_axes(layer, "tf.nn")
    check_groups(layer, "tf.nn")
    sized = layer.sized
    padding = _padding(layer)
    options = given(padding=(padding, "SAME"), dilations=(one_or_each(sized.dilation), 1))
    text = call(
        f"tf.nn.conv{layer.ndim}d_transpose",
        Name("y"),
        Name("kernel"),
        (Name("batch"), *sized.input_size, layer.out_ch),
        strides=one_or_each(sized.strides),
        **options,
    )
    return Equivalent(with_bias(text, layer.use_bias), layer.kernel_shape("k", "out", "in"))


def _padding(layer: Layer) -> str:
    sized = layer.sized
    for padding in ("SAME", "VALID"):
        if layer.is_read_by(
            dialect.read,
            output_shape=sized.input_size,
            strides=sized.strides,
            padding=padding,
            dilations=sized.dilation,
        ):
            return padding
    raise no_such_crop(layer, 'tf.nn has padding="SAME" and "VALID" only', 'padding="VALID"', block=max)
