"""`keras.layers.Conv1DTranspose`, `2D` and `3D`."""

from jtconv._dialects import keras as dialect
from jtconv._dialects._sized_layers import NoEquivalent
from jtconv._equivalents._code import call, given, one_or_each
from jtconv._equivalents._layer import Equivalent, Layer, check_axes, check_groups, check_zeros, no_such_crop

_PADDINGS = ("valid", "same")


def write(layer: Layer) -> Equivalent:
    """The layer as "valid" or "same", its output_padding left out or searched for."""
    check_zeros(layer, "keras")
    check_axes(layer, "keras")
    check_groups(layer, "keras")
    spec = layer.spec
    if dialect.strided_and_dilated(spec.strides, spec.dilation):
        raise NoEquivalent(dialect.STRIDES_OR_DILATION)
    padding, rest = _padding(layer)
    options = given(
        strides=(one_or_each(spec.strides), 1),
        padding=(padding, "valid"),
        output_padding=(rest, None),
        dilation_rate=(one_or_each(spec.dilation), 1),
        use_bias=(layer.use_bias, True),
    )
    text = call(f"keras.layers.Conv{layer.ndim}DTranspose", layer.out_ch, one_or_each(spec.kernel_size), **options)
    return Equivalent(text, layer.kernel_shape("k", "out", "in"))


def _padding(layer: Layer) -> tuple[str, int | tuple[int, ...] | None]:
    for padding in _PADDINGS:
        if _is_read(layer, padding, None):
            return padding, None
    for padding in _PADDINGS:
        found = [_rest_on(layer.axis(axis), padding) for axis in range(layer.ndim)]
        if None not in found:
            return padding, one_or_each(found)
    raise no_such_crop(layer, 'keras has padding="valid" and "same" only', 'padding="valid"', block=max)


def _rest_on(layer: Layer, padding: str) -> int | None:
    """The output_padding of a layer of one axis."""
    fits = (rest for rest in range(layer.spec.strides[0]) if _is_read(layer, padding, rest))
    return next(fits, None)


def _is_read(layer: Layer, padding: str, rest: int | None) -> bool:
    spec = layer.spec
    return layer.is_read_by(
        dialect.read_layer,
        strides=spec.strides,
        padding=padding,
        output_padding=rest,
        dilation_rate=spec.dilation,
    )
