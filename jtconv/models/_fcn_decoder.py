"""From coarse features to scores per pixel, by transposed convolutions and skips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from jtconv.models._alignment import inset_after_up, last_margin
from jtconv.models._conv_block import ConvBlock, zeros
from jtconv.models._resize import Crop
from jtconv.nn import Conv, ConvTranspose, bilinear


@dataclass(frozen=True)
class DecoderOptions:
    """What the layers of a `Decoder` have in common.

    Attributes:
      score_layers: scores add up, rather than features: 1×1 convolutions that begin at zero make
        them, and the transposed convolutions interpolate them linearly until they learn better.
      relu_skips: whether a ReLU follows the 1×1 convolutions of the pools.
      overlap: the last kernel's width over its strides.
      normalise: whether a batch normalisation follows the 1×1 convolutions of the pools.
      dtype: to compute in.
    """

    score_layers: bool
    relu_skips: bool
    overlap: int
    normalise: bool
    dtype: DTypeLike | None

    def up(
        self, in_ch: int, out_ch: int, k: int, s: int, rngs: nnx.Rngs, result: DTypeLike | None = None
    ) -> ConvTranspose:
        """A transposed convolution without bias."""
        return ConvTranspose(
            in_ch,
            out_ch,
            (k, k),
            strides=s,
            use_bias=False,
            kernel_init=bilinear() if self.score_layers else None,
            dtype=self.dtype,
            preferred_element_type=result,
            rngs=rngs,
        )

    def score(self, in_ch: int, out_ch: int, rngs: nnx.Rngs) -> Conv | None:
        """The 1×1 convolution of the coarsest features, if there is one."""
        if not self.score_layers:
            return None
        return Conv(in_ch, out_ch, (1, 1), kernel_init=zeros, dtype=self.dtype, rngs=rngs)

    def skip(self, in_ch: int, out_ch: int, rngs: nnx.Rngs) -> ConvBlock:
        """A 1×1 convolution of a pool."""
        return ConvBlock(
            in_ch,
            out_ch,
            (1, 1),
            normalise=self.normalise,
            relu=self.relu_skips,
            kernel_init=zeros if self.score_layers else None,
            dtype=self.dtype,
            rngs=rngs,
        )


class UpAndAdd(nnx.Module):
    """Twice the size, plus a 1×1 convolution of the encoder's pool of that size.

    (…, h, w, in_ch), (…, 2h, 2w, skip_ch) -> (…, 2h, 2w, out_ch). The transposed convolution
    (kernel 4, strides 2) gives 2h+2. Where its grid begins outside the pool's, by one pixel, it is
    cropped; where it begins inside, the pool is. `insets`: per axis, see `_alignment`.
    """

    def __init__(
        self,
        in_ch: int,
        skip_ch: int,
        out_ch: int,
        insets: tuple[int, int],
        options: DecoderOptions,
        *,
        rngs: nnx.Rngs,
    ):
        self.up = options.up(in_ch, out_ch, 4, 2, rngs)
        self.crop = _crop(max(0, -(inset // 2)) for inset in insets)
        self.crop_pool = _crop(max(0, inset // 2) for inset in insets)
        self.skip = options.skip(skip_ch, out_ch, rngs)

    def __call__(self, x: Array, pool: Array) -> Array:
        x = self.up(x)
        x = x if self.crop is None else self.crop(x)
        pool = pool if self.crop_pool is None else self.crop_pool(pool, x.shape[-3:-1])
        return x + self.skip(pool)


class Decoder(nnx.Module):
    """`UpAndAdd` for each skip, then one transposed convolution by the `factor` that is left.

    With `overlap` 1 the last kernel is as wide as its strides, so its blocks touch (the article);
    with 2 it is twice as wide, so that they overlap by half (the original nets: k16 s8).

    `border` is what the picture was padded by, `insets` how many pixels, doubled, the coarsest
    features have lost on either side, per axis: the scores are cropped to begin with the picture.
    """

    def __init__(
        self,
        in_ch: int,
        skip_chs: Sequence[int],
        decoder_ch: int,
        num_classes: int,
        factor: int,
        options: DecoderOptions,
        *,
        border: int,
        insets: tuple[int, int],
        rngs: nnx.Rngs,
    ):
        self.score = options.score(in_ch, decoder_ch, rngs)
        in_chs = [in_ch if self.score is None else decoder_ch] + [decoder_ch] * len(skip_chs)
        self.steps = nnx.List()
        for i, skip in zip(in_chs, skip_chs, strict=False):
            insets = tuple(map(inset_after_up, insets))
            self.steps.append(UpAndAdd(i, skip, decoder_ch, insets, options, rngs=rngs))
            insets = tuple(max(0, inset) for inset in insets)
        # Logits are not rounded to a short dtype: the loss subtracts them.
        result = None if options.dtype is None else jnp.promote_types(options.dtype, jnp.float32)
        self.up = options.up(in_chs[-1], num_classes, options.overlap * factor, factor, rngs, result)
        self.crop = _crop(last_margin(border, inset, factor, options.overlap) for inset in insets)

    def __call__(self, x: Array, pools: Sequence[Array]) -> Array:
        x = x if self.score is None else self.score(x)
        for step, pool in zip(self.steps, pools, strict=True):
            x = step(x, pool)
        x = self.up(x)
        return x if self.crop is None else self.crop(x)


def _crop(margins: Iterable[int]) -> Crop | None:
    m, n = margins
    return Crop((m, n)) if m or n else None
