"""Cᵀ as JAX derives it: the vector-Jacobian product of lax's convolution. The reference for all others."""

import jax
from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.sharding import zeros_varying_like
from jtconv._compute.implementation import Implementation
from jtconv._compute.lax import lax_conv
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec


def vjp_transpose(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    # Copies in the padding are added back by additions of JAX's own, which would round each time.
    wide = accumulator(y.dtype) if PADDING_MODES[spec.padding_mode].copies else y.dtype
    in_ch = kernel.shape[-2] * spec.groups
    anywhere = zeros_varying_like(y, (y.shape[0], *spec.input_size, in_ch), wide)  # C is linear: any point will do
    _, pullback = jax.vjp(lambda x: lax_conv(x, kernel.astype(wide), spec, precision), anywhere)
    return pullback(y.astype(wide))[0].astype(y.dtype)


IMPLEMENTATIONS = (Implementation("vjp", "transposed", vjp_transpose),)
