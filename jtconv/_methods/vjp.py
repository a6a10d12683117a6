"""Cᵀ as JAX derives it: the vector-Jacobian product of `conv`. The reference for all others."""

import jax
import jax.numpy as jnp
from jax import Array

from jtconv._arrays import Precision
from jtconv._conv import conv_batched
from jtconv._sized import SizedGeometry


def vjp_transpose(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
    in_ch = kernel.shape[-2] * sized.groups
    anywhere = jnp.zeros((y.shape[0], *sized.input_size, in_ch), y.dtype)  # C is linear: any point will do
    _, pullback = jax.vjp(lambda x: conv_batched(x, kernel, sized, precision), anywhere)
    return pullback(y)[0]
