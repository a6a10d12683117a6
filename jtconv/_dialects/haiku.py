"""`haiku.ConvNDTranspose`, as of dm-haiku 0.0.17: lax's function with sizes of the result added."""

from collections.abc import Sequence
from typing import Any

from jtconv import _arguments as arg
from jtconv._arguments import Pads
from jtconv._dialects import lax
from jtconv._sized import SizedGeometry


def read(
    y_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    output_shape: int | Sequence[int] | None = None,
    padding: str | Sequence[Pads] = "SAME",
) -> SizedGeometry:
    """The convolution whose transpose haiku's layer with these fields computes."""
    ndim = len(kernel_size)
    strides = tuple(arg.at_least("stride", s, 1) for s in _repeated("stride", stride, ndim))
    if output_shape is not None:
        targets = _repeated("output_shape", output_shape, ndim)
        rule = arg.one_of("padding", padding, ("SAME", "VALID"))
        axes = zip(y_size, targets, kernel_size, strides, strict=True)
        padding = [_pads_for(axis, o, i, k, s, rule) for axis, (o, i, k, s) in enumerate(axes)]
    return lax.read(y_size, kernel_size, strides=strides, padding=padding)


def _repeated(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """An int, or a sequence of one, for all axes."""
    alone = arg.is_sequence(value) and len(value) == 1
    return arg.per_axis(name, value[0] if alone else value, ndim)


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
