"""Fully convolutional networks (Long, Shelhamer and Darrell, arXiv 1411.4038) on VGG-16.

FCN-32, FCN-16 and FCN-8 are one network that takes none, one or two of the encoder's pools into
its decoder, whose last transposed convolution enlarges by what is left: 32, 16 or 8.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

from flax import nnx
from jax import Array

from jtconv.models._conv_block import ConvBlock
from jtconv.models._fcn_decoder import Decoder
from jtconv.models._resize import pad_to_multiple
from jtconv.models._vgg import DEPTHS, VGG16


class FCN(nnx.Module):
    """Scores (logits) per pixel: (…, h, w, in_ch) -> (…, h, w, num_classes), any h and w.

    The defaults are the article's network. `width`, `depths`: see `VGG16`. `head_ch` and
    `head_kernel` shape conv6 and conv7; `decoder_ch` is the number of channels that the skips add
    up in, `num_classes` unless given; `overlap` is the last kernel's width over its strides;
    `normalise` puts a batch normalisation after every convolution. A size that 32 does not divide
    is padded with zeros below and to the right, and the scores are cropped to fit.

    Raises ValueError for `depths` without a stage more than there are skips, for a depth or an
    `overlap` below 1, and for an input without axes (h, w, in_ch).
    """

    num_skips: ClassVar[int]

    def __init__(
        self,
        num_classes: int,
        *,
        in_ch: int = 3,
        width: int = 64,
        depths: Sequence[int] = DEPTHS,
        head_ch: int = 4096,
        head_kernel: tuple[int, int] = (7, 7),
        decoder_ch: int | None = None,
        overlap: int = 1,
        normalise: bool = False,
        rngs: nnx.Rngs,
    ):
        self._check(depths, overlap)
        self.encoder = VGG16(in_ch, width, depths, normalise=normalise, rngs=rngs)
        *skip_chs, coarsest = self.encoder.out_chs
        self.conv6 = ConvBlock(coarsest, head_ch, head_kernel, normalise=normalise, rngs=rngs)
        self.conv7 = ConvBlock(head_ch, head_ch, (1, 1), normalise=normalise, rngs=rngs)
        self.coarsest_factor = 2 ** len(self.encoder.out_chs)
        self.decoder = Decoder(
            head_ch,
            skip_chs[::-1][: self.num_skips],
            num_classes if decoder_ch is None else decoder_ch,
            num_classes,
            self.coarsest_factor // 2**self.num_skips,
            overlap=overlap,
            normalise=normalise,
            rngs=rngs,
        )

    def _check(self, depths: Sequence[int], overlap: int) -> None:
        if len(depths) <= self.num_skips:
            raise ValueError(f"`depths` must have at least {self.num_skips + 1} entries, got {depths!r}.")
        if min(depths) < 1:
            raise ValueError(f"`depths` must be at least 1 each, got {depths!r}.")
        if overlap < 1:
            raise ValueError(f"`overlap` must be at least 1, got {overlap!r}.")

    def __call__(self, x: Array) -> Array:
        if x.ndim < 3:
            raise ValueError(f"`x` must have axes (…, h, w, in_ch), got shape {x.shape}.")
        height, width = x.shape[-3:-1]
        *skips, coarsest = self.encoder(pad_to_multiple(x, self.coarsest_factor))
        features = self.conv7(self.conv6(coarsest))
        scores = self.decoder(features, skips[::-1][: self.num_skips])
        return scores[..., :height, :width, :]

    @classmethod
    def article(cls, num_classes: int, *, rngs: nnx.Rngs) -> Self:
        """The article's network: VGG-16 of width 64, 7×7 and 1×1 convolutions of 4096 channels."""
        return cls(num_classes, rngs=rngs)


class FCN32(FCN):
    """No skips: conv7 is enlarged 32 times at once."""

    num_skips = 0


class FCN16(FCN):
    """conv7 ×2, plus pool4, then 16 times."""

    num_skips = 1


class FCN8(FCN):
    """conv7 ×2, plus pool4, ×2, plus pool3, then 8 times.

    `FCN8.article(12, rngs=...)` has 135,067,736 parameters. At 224×224: pools of 112, 56, 28, 14
    and 7; 7 → 16, cropped to 14; 14 → 30, cropped to 28; 28 → 224.
    """

    num_skips = 2
