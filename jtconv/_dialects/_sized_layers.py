"""From sizes to `ConvSpec`: what all dialects share."""

from collections.abc import Sequence

from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.sizes import transposed_size
from jtconv._geometry.spec import ConvSpec


class NoEquivalent(ValueError):
    """A framework has no words for a layer; the message says why."""


def sized_layer(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    strides: Sequence[int],
    pads: Sequence[Pads],
    dilation: Sequence[int],
    output_padding: Sequence[int] | None = None,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> ConvSpec:
    """The convolution with these arguments whose transpose takes y of `y_size` to x.

    Any `output_padding` >= 0 is meant as torch and ONNX mean it: as many positions more at the
    end. From the stride on no convolution that pads by `pads` has such an input; one that pads
    less does, (lo, hi - a), and its numbers are those.
    """
    rest = [0] * len(y_size) if output_padding is None else list(output_padding)
    _check_contributions(y_size, kernel_size, strides, pads, dilation, rest)
    pairs = zip(pads, strides, rest, strict=True)
    pads = tuple((lo, hi) if a < s else (lo, hi - a) for (lo, hi), s, a in pairs)
    rest = [a if a < s else 0 for s, a in zip(strides, rest, strict=True)]
    geometry = ConvGeometry(
        tuple(kernel_size),
        strides=tuple(strides),
        padding=pads,
        dilation=tuple(dilation),
        groups=groups,
        padding_mode=padding_mode,
    )
    x_size = geometry.transpose_output_size(tuple(y_size), output_padding=tuple(rest))
    for axis, size in enumerate(x_size):
        if size >= arg.TOO_LARGE:  # said in the framework's words rather than ours
            raise ValueError(
                f"the result must have fewer than 2**31 positions on each axis, got {size:,} on spatial axis {axis} "
                f"with `strides` {tuple(strides)}."
            )
    return geometry.at(x_size)


def _check_contributions(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[Pads],
    dilation: Sequence[int],
    output_padding: Sequence[int],
) -> None:
    """That more than the positions from the stride on is left: less padding would crop all of x."""
    axes = zip(y_size, kernel_size, strides, pads, dilation, output_padding, strict=True)
    for axis, (o, k, s, (lo, _), d, a) in enumerate(axes):
        if a >= s and lo >= transposed_size(o, k, s, (0, 0), d, 0):
            raise ValueError(
                f"`output_padding` {a} with a padding of {lo} at the start leaves zeros alone on spatial axis {axis}: "
                f"the padding crops all that is computed. Pad less."
            )
