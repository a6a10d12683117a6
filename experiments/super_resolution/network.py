"""The network: features at low resolution, and a transposed convolution that enlarges them."""

import jax
from flax import nnx
from jax import Array

from experiments.super_resolution.bicubic import bicubic, bicubic_geometry
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
