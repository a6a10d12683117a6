"""`tf.nn.conv1d_transpose`, `2d` and `3d`."""

from jtconv._dialects import tf as dialect
from jtconv._equivalents._code import Name, call, given, one_or_each, with_bias
from jtconv._equivalents._layer import Equivalent, Layer, check_axes, check_groups, check_zeros, no_such_crop


def write(layer: Layer) -> Equivalent:
    """The function with its output_shape and "SAME" or "VALID"."""
    check_zeros(layer, "tf.nn")
    check_axes(layer, "tf.nn")
    check_groups(layer, "tf.nn")
    spec = layer.spec
    padding = _padding(layer)
    options = given(padding=(padding, "SAME"), dilations=(one_or_each(spec.dilation), 1))
    text = call(
        f"tf.nn.conv{layer.ndim}d_transpose",
        Name("y"),
        Name("kernel"),
        (Name("batch"), *spec.input_size, layer.out_ch),
        strides=one_or_each(spec.strides),
        **options,
    )
    return Equivalent(with_bias(text, layer.use_bias), layer.kernel_shape("k", "out", "in"))


def _padding(layer: Layer) -> str | list[list[int]]:
    """A name, or on two axes the pairs, which only those have."""
    pads, _ = layer.pads_and_rest()
    pairs = [[0, 0], *map(list, pads), [0, 0]]
    for padding in ("SAME", "VALID", *([pairs] if layer.ndim == 2 else [])):
        if _is_read(layer, padding):
            return padding
    rule = 'tf.nn has padding="SAME" and "VALID", and on two axes none that is negative'
    raise no_such_crop(layer, rule, 'padding="VALID"', block=max)


def _is_read(layer: Layer, padding: str | list[list[int]]) -> bool:
    spec = layer.spec
    return layer.is_read_by(
        dialect.read,
        output_shape=spec.input_size,
        strides=spec.strides,
        padding=padding,
        dilations=spec.dilation,
    )
