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

from jtconv._dialects import lax
from jtconv._dialects._sized_layers import sized_layer
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Pads
from jtconv._geometry.sizes import effective_kernel_size
from jtconv._geometry.spec import ConvSpec


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
    """The convolution whose transpose flax's layer with these fields computes.

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
        return sized_layer(
            y_size,
            kernel_size,
            strides=strides,
            pads=[(lo, k - s - lo) for k, s, lo in zip(sizes, strides, starts, strict=True)],
            dilation=dilation,
            padding_mode="circular",
        )
    return lax.read(
        y_size,
        kernel_size,
        strides=strides,
        padding=_as_lax_takes_it(padding, ndim),
        rhs_dilation=dilation,
    )


def _repeated(name: str, value: Any, ndim: int) -> tuple[int, ...]:
    """An int for all axes, None for 1."""
    return arg.per_axis(name, 1 if value is None else value, ndim, minimum=1)


def _as_lax_takes_it(padding: Any, ndim: int) -> str | tuple[Pads, ...]:
    """A string, or pairs: an int is a pair, alone for all axes or in its axis's place."""
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
