"""Spatial sizes changed without arithmetic: halved by the maximum, padded, cropped."""

import jax.numpy as jnp
from flax import nnx
from jax import Array


class MaxPool(nnx.Module):
    """The maximum of each 2×2 block: (…, h, w, c) -> (…, h//2, w//2, c).

    Four strided slices rather than `lax.reduce_window`, whose gradient (select-and-scatter) is ten
    times slower on a CPU. Where values tie, the gradient is shared between them.
    """

    def __call__(self, x: Array) -> Array:
        height, width = x.shape[-3] // 2 * 2, x.shape[-2] // 2 * 2
        x = x[..., :height, :width, :]
        top = jnp.maximum(x[..., ::2, ::2, :], x[..., ::2, 1::2, :])
        bottom = jnp.maximum(x[..., 1::2, ::2, :], x[..., 1::2, 1::2, :])
        return jnp.maximum(top, bottom)


class Crop(nnx.Module):
    """`margin` pixels off every side: (…, h, w, c) -> (…, h-2·margin, w-2·margin, c)."""

    def __init__(self, margin: int):
        self.margin = margin

    def __call__(self, x: Array) -> Array:
        height, width = x.shape[-3:-1]
        m = self.margin
        return x[..., m : height - m, m : width - m, :]


def pad_to_multiple(x: Array, factor: int) -> Array:
    """`x` (…, h, w, c) with zeros below and to the right, until `factor` divides h and w."""
    below, right = -x.shape[-3] % factor, -x.shape[-2] % factor
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [(0, below), (0, right), (0, 0)])
