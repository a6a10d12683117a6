"""The network: features at low resolution, and a transposed convolution that enlarges them."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from experiments.super_resolution.baselines import enlarged
from experiments.super_resolution.data import Plane
from jtconv import conv_transpose
from jtconv.nn import Conv, ConvTranspose


class Enlarger(nnx.Module):
    """(n, h, w, 1) -> (n, h·scale, w·scale, 1): bicubic interpolation, and what is missing from it.

    After FSRCNN (Dong, Loy and Tang, ECCV 2016): every layer but the last works at low resolution. The last one's
    kernel begins as zero, so that an untrained network is bicubic interpolation.
    """

    def __init__(self, scale: int, width: int, depth: int, *, rngs: nnx.Rngs):
        self.scale = scale
        self.name = f"×{scale}"
        self.first = Conv(1, width, (5, 5), padding=2, rngs=rngs)
        self.body = nnx.List([Conv(width, width, (3, 3), padding=1, rngs=rngs) for _ in range(depth)])
        k, padding = bicubic_geometry(scale)
        zeros = nnx.initializers.zeros
        self.last = ConvTranspose(
            width, 1, (k, k), strides=scale, padding=padding, use_bias=False, kernel_init=zeros, rngs=rngs
        )

    def __call__(self, low: Array) -> Array:
        return bicubic(low, self.scale) + self.last(self.features(low))

    def features(self, low: Array) -> Array:
        """(n, h, w, 1) -> (n, h, w, width)."""
        x = jax.nn.relu(self.first(low - 0.5))
        for layer in self.body:
            x = x + jax.nn.relu(layer(x))
        return x

    def take_features(self, other: "Enlarger") -> None:
        """Begin with what another scale's network has learned at low resolution, which is much the same."""
        for mine, theirs in ((self.first, other.first), (self.body, other.body)):
            nnx.update(mine, nnx.state(theirs))


def bicubic(low: Array, scale: int) -> Array:
    """Cᵀ y / Cᵀ 1, with C the convolution by the bicubic kernel, strides `scale`.

    The division is what Pillow does at the border, where a part of the kernel finds no pixel.
    """
    _, padding = bicubic_geometry(scale)
    known = jnp.ones((1, *low.shape[1:]), low.dtype)
    above, below = (conv_transpose(y, bicubic_kernel(scale), strides=scale, padding=padding) for y in (low, known))
    return above / below


def bicubic_geometry(scale: int) -> tuple[int, int]:
    """Size of the kernel that reaches two pixels of low resolution to either side, and the padding."""
    size = 4 * scale - scale % 2
    return size, (size - scale) // 2


@cache
def bicubic_kernel(scale: int) -> Plane:
    """(k, k, 1, 1): what Pillow makes of one white pixel, far enough from any border."""
    middle = 4
    white = np.zeros((2 * middle + 1, 2 * middle + 1, 1), np.float32)
    white[middle, middle] = 1
    size, padding = bicubic_geometry(scale)
    begin = middle * scale - padding
    return enlarged(white, scale, "bicubic")[begin : begin + size, begin : begin + size, :, None]
