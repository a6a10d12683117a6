"""The network: convolutions to a code, and their mirror image of transposed convolutions."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jtconv.nn import Conv, ConvTranspose

SLOPE = 0.1  # of the rectification for negative values: at zero whole layers of so small a network may go silent


class Shape(NamedTuple):
    """Shape of a network."""

    in_ch: int
    out_ch: int
    widths: tuple[int, ...]  # channels after each convolution of strides 2
    depth: int  # convolutions of strides 1 after those
    code_ch: int

    @property
    def factor(self) -> int:
        """Size of a picture over that of its code, per axis."""
        return 2 ** len(self.widths)


class Layer(NamedTuple):
    """A convolution of the encoder; the decoder has the transposed convolution of the same geometry."""

    in_ch: int
    out_ch: int
    kernel_size: int
    strides: int
    padding: int

    def conv(self, rngs: nnx.Rngs) -> Conv:
        return Conv(self.in_ch, self.out_ch, **self.geometry, rngs=rngs)

    def conv_transpose(self, rngs: nnx.Rngs) -> ConvTranspose:
        return ConvTranspose(self.out_ch, self.in_ch, **self.geometry, rngs=rngs)

    @property
    def geometry(self) -> dict[str, Any]:
        return {"kernel_size": (self.kernel_size,) * 2, "strides": self.strides, "padding": self.padding}


def layers(ch: int, shape: Shape) -> list[Layer]:
    """The encoder's layers from pictures of `ch` channels to the code."""
    result = []
    for width in shape.widths:
        result.append(Layer(ch, width, 4, 2, 1))
        ch = width
    result += [Layer(ch, ch, 3, 1, 1)] * shape.depth
    return [*result, Layer(ch, shape.code_ch, 1, 1, 0)]


class Autoencoder(nnx.Module):
    """(n, h, w, in_ch) -> (n, h, w, out_ch), with h and w multiples of `shape.factor`.

    The decoder has the encoder's layers in the reverse order, each transposed, with kernels of its own. The last
    kernel begins as zero. With a `block_kernel` (k, k, ch, code_ch) the network begins as `Blocks`, a linear code of
    blocks, to which the layers add.
    """

    def __init__(self, shape: Shape, *, block_kernel: ArrayLike | None = None, rngs: nnx.Rngs):
        self.encoder = nnx.List([layer.conv(rngs) for layer in layers(shape.in_ch, shape)])
        self.decoder = nnx.List([layer.conv_transpose(rngs) for layer in reversed(layers(shape.out_ch, shape))])
        silence(self.decoder[-1])
        self.blocks = None if block_kernel is None else Blocks(block_kernel, rngs=rngs)
        if self.blocks is not None:
            silence(self.encoder[-1])

    def __call__(self, x: Array) -> Array:
        return self.decode(self.encode(x))

    def encode(self, x: Array) -> Array:
        """(n, h, w, in_ch) -> (n, h / factor, w / factor, code_ch)."""
        code = through(self.encoder, x)
        return code if self.blocks is None else code + self.blocks.encoder(x)

    def decode(self, code: Array) -> Array:
        """(n, h / factor, w / factor, code_ch) -> (n, h, w, out_ch)."""
        x = through(self.decoder, code)
        return x if self.blocks is None else x + self.blocks.decoder(code)


class Blocks(nnx.Module):
    """A linear code of each block of pixels: strides as large as the kernel, and the transpose by the same kernel."""

    def __init__(self, kernel: ArrayLike, *, rngs: nnx.Rngs):
        *size, ch, code_ch = jnp.shape(kernel)

        def given(*_: object) -> Array:
            return jnp.array(kernel)

        self.encoder = Conv(ch, code_ch, size, strides=size, use_bias=False, kernel_init=given, rngs=rngs)
        self.decoder = ConvTranspose(code_ch, ch, size, strides=size, use_bias=False, kernel_init=given, rngs=rngs)


def silence(layer: Conv | ConvTranspose) -> None:
    """Set the kernel of a layer to zero, so that it begins as zero."""
    layer.kernel[...] = jnp.zeros_like(layer.kernel[...])


def through(chain: Iterable, x: Array) -> Array:
    """The layers one after another, rectified but for the last; one that keeps the shape is added to its argument."""
    *inner, last = chain
    for layer in inner:
        y = jax.nn.leaky_relu(layer(x), SLOPE)
        x = x + y if y.shape == x.shape else y
    return last(x)
