"""From coarse features to scores per pixel, by transposed convolutions and skips."""

from collections.abc import Sequence

from flax import nnx
from jax import Array

from jtconv.models._conv_block import ConvBlock
from jtconv.models._resize import Crop
from jtconv.nn import ConvTranspose


class UpAndAdd(nnx.Module):
    """Twice the size, plus a 1×1 convolution (ReLU) of the encoder's pool of that size.

    (…, h, w, in_ch), (…, 2h, 2w, skip_ch) -> (…, 2h, 2w, out_ch). The transposed convolution
    (kernel 4, strides 2) gives 2h+2; one pixel of each side is cropped.
    """

    def __init__(self, in_ch: int, skip_ch: int, out_ch: int, *, normalise: bool, rngs: nnx.Rngs):
        self.up = ConvTranspose(in_ch, out_ch, (4, 4), strides=2, use_bias=False, rngs=rngs)
        self.crop = Crop(1)
        self.skip = ConvBlock(skip_ch, out_ch, (1, 1), normalise=normalise, rngs=rngs)

    def __call__(self, x: Array, pool: Array) -> Array:
        return self.crop(self.up(x)) + self.skip(pool)


class Decoder(nnx.Module):
    """`UpAndAdd` for each skip, then one transposed convolution by the `factor` that is left.

    With `overlap` 1 the last kernel is as wide as its strides, so its blocks touch (the article);
    with 2 it is twice as wide, so that they overlap by half (the Berkeley nets: k16 s8).
    """

    def __init__(
        self,
        in_ch: int,
        skip_chs: Sequence[int],
        decoder_ch: int,
        num_classes: int,
        factor: int,
        *,
        overlap: int,
        normalise: bool,
        rngs: nnx.Rngs,
    ):
        in_chs = [in_ch] + [decoder_ch] * len(skip_chs)
        self.steps = nnx.List(
            UpAndAdd(i, skip, decoder_ch, normalise=normalise, rngs=rngs)
            for i, skip in zip(in_chs, skip_chs, strict=False)
        )
        kernel_size = (overlap * factor, overlap * factor)
        self.up = ConvTranspose(in_chs[-1], num_classes, kernel_size, strides=factor, use_bias=False, rngs=rngs)
        self.crop = Crop((overlap - 1) * factor // 2) if overlap > 1 else None

    def __call__(self, x: Array, pools: Sequence[Array]) -> Array:
        for step, pool in zip(self.steps, pools, strict=True):
            x = step(x, pool)
        x = self.up(x)
        return x if self.crop is None else self.crop(x)
