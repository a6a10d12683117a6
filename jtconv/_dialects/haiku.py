"""`haiku.ConvNDTranspose`, as of dm-haiku 0.0.17: lax's function with sizes of the result added."""

from collections.abc import Sequence

from jtconv._dialects import lax
from jtconv._dialects.torch import repeated
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    output_shape: int | Sequence[int] | None = None,
    padding: str | Sequence[Pads] = "SAME",
) -> ConvSpec:
    """The convolution whose transpose haiku's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = repeated("stride", stride, ndim, minimum=1)
    if output_shape is not None:
        targets = repeated("output_shape", output_shape, ndim, minimum=1)
        rule = _named(padding)
        axes = zip(y_size, targets, kernel_size, strides, strict=True)
        padding = [_pads_for(axis, o, i, k, s, rule) for axis, (o, i, k, s) in enumerate(axes)]
    return lax.read(y_size, kernel_size, strides=strides, padding=padding)


def _named(padding: str | Sequence[Pads]) -> str:
    if not isinstance(padding, str) or padding not in ("SAME", "VALID"):
        raise ValueError(
            f"`padding` must be 'SAME' or 'VALID' where `output_shape` is given, got {arg.shown(padding)}."
        )
    return str(padding)


def _pads_for(axis: int, o: int, i: int, k: int, s: int, padding: str) -> Pads:
    """What pads the dilated input so that the result has `i` positions."""
    fits = (i - k) // s + 1 if padding == "VALID" else -(-i // s)
    if o != fits:
        raise ValueError(
            f"`output_shape` {i} on spatial axis {axis} is what a convolution maps to {fits} positions (kernel {k}, "
            f"stride {s}, padding {padding!r}), but the input has {o}. Take an `output_shape` that it maps to {o}."
        )
    lo = max(s * (o - 1) + k - i, 0) // 2 if padding == "SAME" else 0
    return (k - 1 - lo, i + lo - s * (o - 1) - 1)
