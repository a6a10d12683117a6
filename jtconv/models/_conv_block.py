"""Convolution, batch normalisation where asked for, ReLU."""

from flax import nnx
from jax import Array

from jtconv.nn import Conv


class ConvBlock(nnx.Module):
    """relu(conv(x) + bias), or relu(batch_norm(conv(x))): (…, h, w, in_ch) -> (…, h, w, out_ch)."""

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: tuple[int, int] = (3, 3),
        *,
        normalise: bool = False,
        rngs: nnx.Rngs,
    ):
        self.conv = Conv(
            in_ch,
            out_ch,
            kernel_size,
            padding="SAME",
            use_bias=not normalise,  # the normalisation has its own
            kernel_init=nnx.initializers.he_normal(),
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(out_ch, momentum=0.97, rngs=rngs) if normalise else None

    def __call__(self, x: Array) -> Array:
        x = self.conv(x)
        return nnx.relu(x if self.norm is None else self.norm(x))
