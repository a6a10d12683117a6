"""Cᵀ as JAX derives it: the vector-Jacobian product of lax's convolution. The reference for all others.

On a GPU, XLA makes one call of cuDNN's (or MIOpen's) backward-data convolution of it, which multiplies by no inserted
zeros. It recognises an image with zeros inserted and a flipped kernel, with one group and no dilation
(`MatchBackwardInput` in XLA's conv_rewriter.cc). A single channel makes no difference, where it does for
`lax.conv_transpose`: there the swap of channels becomes a reshape, which hides the flip.
"""

from math import prod

from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.sharding import transpose_of
from jtconv._compute.implementation import GPUS, Implementation, Request
from jtconv._compute.lax import lax_conv
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec


def vjp_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    # Copies in the padding are added back by additions of JAX's own, which would round each time.
    wide = accumulator(y.dtype) if PADDING_MODES[spec.padding_mode].copies else y.dtype
    shape = (y.shape[0], *spec.input_size, kernel.shape[-2] * spec.groups)
    kernel = kernel.astype(wide)
    return transpose_of(lambda x: lax_conv(x, kernel, spec, precision), shape, wide, y.astype(wide)).astype(y.dtype)


def is_backward_data(request: Request) -> bool:
    """Whether XLA makes a backward-data convolution of it on a GPU."""
    spec = request.spec
    no_dilation = all(d == 1 for d in spec.dilation)
    no_zeros = all(s == 1 for s in spec.strides)
    exchanged = spec.ndim == 2 and kernel_is_larger(spec)
    return spec.groups == 1 and (no_dilation or no_zeros) and not exchanged


def kernel_is_larger(spec: ConvSpec) -> bool:
    """Whether XLA exchanges image and kernel, which ends in inserted zeros: 72 times the work in FCN-32s.

    It does so where the kernel is the larger one (conv_operand_swapper.cc), on a GPU in 2-D only.
    """
    image = prod(k if o == 1 else o for k, o in zip(spec.kernel_size, spec.output_size, strict=True))
    return prod(spec.kernel_size) > image


IMPLEMENTATIONS = (
    Implementation("vjp", "transposed", vjp_transpose, GPUS, is_backward_data, lambda _: 0, on_open_sizes=True),
)
