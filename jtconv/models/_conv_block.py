"""Convolution, batch normalisation where asked for, ReLU, dropout where asked for."""

from flax import nnx
from jax import Array
from jax.nn.initializers import Initializer
from jax.typing import DTypeLike

from jtconv.nn import Conv

zeros = nnx.initializers.zeros


class ConvBlock(nnx.Module):
    """relu(conv(x) + bias), or relu(batch_norm(conv(x))): (…, h, w, in_ch) -> (…, h, w, out_ch).

    Without `relu` it is linear. `dropout` is the share of the result that is set to zero while
    training. The convolution is computed in `dtype`; the statistics of the normalisation are
    float32 all the same.
    """

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: tuple[int, int] = (3, 3),
        *,
        padding: str = "SAME",
        normalise: bool = False,
        relu: bool = True,
        dropout: float = 0.0,
        kernel_init: Initializer | None = None,
        dtype: DTypeLike | None = None,
        rngs: nnx.Rngs,
    ):
        self.conv = Conv(
            in_ch,
            out_ch,
            kernel_size,
            padding=padding,
            use_bias=not normalise,  # the normalisation has its own
            kernel_init=kernel_init or nnx.initializers.he_normal(),
            dtype=dtype,
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(out_ch, momentum=0.97, dtype=dtype, rngs=rngs) if normalise else None
        self.relu = relu
        self.dropout = nnx.Dropout(dropout, rngs=rngs) if dropout else None

    def __call__(self, x: Array) -> Array:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        if self.relu:
            x = nnx.relu(x)
        return x if self.dropout is None else self.dropout(x)
