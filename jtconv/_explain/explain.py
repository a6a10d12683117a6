"""`explain`: the arithmetic of one layer, its overlaps, costs and equivalents.

The frameworks' files are imported when a layer is explained, and the text's when it is asked for, so `import jtconv`
stays fast.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from jtconv._explain.facts import LayerFacts
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.costs import costs
from jtconv._geometry.geometry import ConvGeometry, geometry_on
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.overlap import EvenLayer, inputs_seen, is_even, nearest_even, overlap_counts

MAX_COUNTED = 10**7  # positions on an axis


class Explanation(LayerFacts):
    """The numbers and words of one layer, made by `explain`; prints as text.

    Attributes:
      geometry: the layer, in normal form.
      input_size: the given size.
      output_size: size of the result of C; None where the kernel does not fit.
      transposed_size: size of the result of the transposed convolution Cᵀ.
      output_padding: the output_padding of Cᵀ for that size.
      in_ch, out_ch: channels into and out of the layer; None where they are not known.
      use_bias: whether the layer adds a bias.
      call: the framework's call that was explained, if any.
      overlap: per axis, the number of contributions to each position of Cᵀ's result. A position gets
        the product over the axes.
      is_even: per axis, whether all positions away from the borders get the same number.
      even_layer: the nearest layer that is even on every axis and gives the same size; None if
        this layer is even, or if there is none.
      receptive_field: per axis, the maximum number of positions of y that one position of the result adds up.
      footprint: per axis, the extent of the positions that one position of y contributes to.
      costs: parameters and multiply-adds of Cᵀ; None where the channels are not known.
      equivalents: Cᵀ in each framework's words, each with `call`, `kernel_shape` and
        `kernel_reversed`; `call` is None where there is no equivalent, and `reason` says why.
    """

    @property
    def text(self) -> str:
        """The explanation in words and numbers."""
        from jtconv._explain.text import explained

        return explained(self)

    def to_json(self) -> str:
        """The explanation as a JSON object, with the attributes' names as keys."""
        lines = [f'  "{name}": {json.dumps(value)}' for name, value in asdict(self).items()]
        return "{\n" + ",\n".join(lines) + "\n}"

    def __str__(self) -> str:
        return self.text


@naming_keywords
def explain(
    input_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    output_size: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    in_ch: int | None = None,
    out_ch: int | None = None,
    use_bias: bool = True,
) -> Explanation:
    """Explain the arithmetic of one layer: C and Cᵀ applied to an input of `input_size`, and the overlaps.

    Args:
      input_size: spatial size of the layer's input, an int or one per axis. C and Cᵀ are
        both explained for it.
      kernel_size: taps, an int or one per axis.
      strides, padding, output_padding, output_size, dilation, groups, padding_mode: as in
        `conv_transpose`.
      in_ch, out_ch: channels into and out of the layer; if both are given, parameters and multiply-adds
        are counted too.
      use_bias: whether the layer adds a bias.

    Raises:
      TypeError, ValueError: as `conv_transpose`.

    >>> layer = explain((7, 7), 4, strides=2, in_ch=4096, out_ch=12, use_bias=False)
    >>> layer.output_size, layer.transposed_size, layer.costs.parameters
    ((2, 2), (16, 16), 786432)
    >>> layer.equivalents["torch"].call
    'torch.nn.ConvTranspose2d(4096, 12, 4, stride=2, bias=False)'
    """
    geometry = geometry_on(
        input_size,
        kernel_size,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )
    sizes = arg.per_axis("input_size", input_size, geometry.ndim, minimum=1)
    up = geometry.transpose_output_size(sizes, output_padding=output_padding, target=output_size)
    return _explained(geometry, sizes, up, in_ch, out_ch, use_bias)


def explain_from(
    framework: str,
    call: str,
    input_size: int | Sequence[int],
    *,
    kernel_size: int | Sequence[int] | None = None,
    in_ch: int | None = None,
    out_ch: int | None = None,
) -> Explanation:
    """Explain a transposed convolution that is written in a framework's words.

    The call is parsed, never run. Its arguments are positional or have the framework's names. Sizes
    are literals; a variable may stand for any other argument.

    Args:
      framework: "torch", "keras", "tf", "flax" ("nnx", "linen"), "lax", "onnx", "equinox", "haiku",
        "mlx", "paddle" or "jtconv".
      call: a layer's constructor or a function's call, such as "nn.ConvTranspose2d(64, 32, 4)";
        for ONNX `ConvTranspose(…)` with the attributes as keywords, or `make_node(…)`.
      input_size: spatial size of the layer's input, an int or one per axis.
      kernel_size: taps, for functions, which take the kernel as an array.
      in_ch, out_ch: channels into and out of the layer, where the call does not give them.

    Raises:
      TypeError, ValueError: naming the framework's own argument where it is wrong.

    >>> layer = explain_from("torch", "nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)", 7)
    >>> layer.transposed_size, layer.equivalents["keras"].call
    ((14, 14), 'keras.layers.Conv2DTranspose(32, 4, strides=2, padding="same")')
    """
    from jtconv._frameworks.read_call import read_call

    read = read_call(framework, call, input_size, kernel_size)
    spec = read.spec
    geometry = ConvGeometry(spec.kernel_size, **spec.arguments())
    channels = _agreed("in_ch", read.in_ch, in_ch), _agreed("out_ch", read.out_ch, out_ch)
    return _explained(geometry, spec.output_size, spec.input_size, *channels, read.use_bias, call=call)


def _explained(
    geometry: ConvGeometry,
    y_size: tuple[int, ...],
    x_size: tuple[int, ...],
    in_ch: int | None,
    out_ch: int | None,
    use_bias: bool,
    *,
    call: str | None = None,
) -> Explanation:
    from jtconv._frameworks.layer import IN_CH, OUT_CH, Layer
    from jtconv._frameworks.registry import equivalents

    in_ch, out_ch = (
        None if value is None else arg.channels(name, value, geometry.groups)
        for name, value in (("in_ch", in_ch), ("out_ch", out_ch))
    )
    use_bias = arg.truth("use_bias", use_bias)
    _check_countable(geometry, y_size, x_size)
    transposed, axes = geometry.at(x_size), range(geometry.ndim)
    even = tuple(is_even(geometry, axis) for axis in axes)
    layer = Layer(transposed, IN_CH if in_ch is None else in_ch, OUT_CH if out_ch is None else out_ch, use_bias)
    return Explanation(
        geometry=geometry,
        input_size=y_size,
        output_size=_output_size(geometry, y_size),
        transposed_size=x_size,
        output_padding=geometry.output_padding_for(x_size),
        in_ch=in_ch,
        out_ch=out_ch,
        use_bias=use_bias,
        call=call,
        overlap=tuple(overlap_counts(transposed, axis) for axis in axes),
        is_even=even,
        even_layer=None if all(even) else _even_layer(geometry, x_size),
        receptive_field=tuple(inputs_seen(transposed, axis) for axis in axes),
        footprint=geometry.effective_kernel_size,
        costs=None if in_ch is None or out_ch is None else costs(transposed, in_ch, out_ch, use_bias=use_bias),
        equivalents=equivalents(layer),
    )


def _output_size(geometry: ConvGeometry, input_size: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return geometry.output_size(input_size)
    except ValueError:
        return None


def _even_layer(geometry: ConvGeometry, x_size: tuple[int, ...]) -> EvenLayer | None:
    try:
        return nearest_even(geometry, x_size)
    except ValueError:  # the larger kernel needs padding that cannot reflect a single position
        return None


def _check_countable(geometry: ConvGeometry, y_size: tuple[int, ...], x_size: tuple[int, ...]) -> None:
    """Check that contributions can be counted one by one, for every position, tap and phase of an axis."""
    counted = {
        "the input": y_size,
        "the result": x_size,
        "the kernel": geometry.kernel_size,
        "the strides": geometry.strides,
    }
    for name, sizes in counted.items():
        for axis, size in enumerate(sizes):
            if size > MAX_COUNTED:
                raise ValueError(
                    f"`explain` counts at most {MAX_COUNTED:,} positions on an axis; {name} would have {size:,} on "
                    f"spatial axis {axis}. Ask for a smaller `input_size`: the overlaps repeat."
                )


def _agreed(name: str, read: int | None, given: int | None) -> int | None:
    """Channels from the call or from the argument; both must agree."""
    if read is not None and given is not None and read != arg.integer(name, given):
        raise ValueError(f"`{name}` is {read} in the call, got {given}. Leave it out.")
    return given if read is None else read
