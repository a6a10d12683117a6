"""Cᵀ as JAX derives it: the vector-Jacobian product of lax's convolution. The reference for all others."""

import jax
from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.tiles import zeros
from jtconv._compute.lax_conv import lax_conv
from jtconv._geometry.spec import ConvSpec


def vjp_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    # Padding other than zeros is folded back by additions of JAX's own, which would round each time.
    wide = y.dtype if spec.padding_mode == "zeros" else accumulator(y.dtype)
    in_ch = kernel.shape[-2] * spec.groups
    anywhere = zeros((y.shape[0], *spec.input_size, in_ch), wide, y)  # C is linear: any point will do
    _, pullback = jax.vjp(lambda x: lax_conv(x, kernel.astype(wide), spec, precision), anywhere)
    return pullback(y.astype(wide))[0].astype(y.dtype)
