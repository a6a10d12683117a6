"""From coarse features to scores per pixel, by transposed convolutions and skips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import DTypeLike

from jtconv.models._alignment import Alignment
from jtconv.models._layers import ConvBlock, Crop, zeros
from jtconv.nn import Conv, ConvTranspose, bilinear


@dataclass(frozen=True)
class DecoderOptions:
    """Options that the layers of a `Decoder` share.

    Attributes:
      score_layers: scores add up, rather than features: 1×1 convolutions that begin at zero make
        them, and the transposed convolutions interpolate them linearly until they learn better.
      relu_skips: whether a ReLU follows the 1×1 convolutions of the pools.
      overlap: the last kernel's width over its strides.
      normalise: whether a batch normalisation follows the 1×1 convolutions of the pools.
      dtype: dtype of the computation.
    """

    score_layers: bool
    relu_skips: bool
    overlap: int
    normalise: bool
    dtype: DTypeLike | None

    def up(self, in_ch: int, out_ch: int, k: int, s: int, rngs: nnx.Rngs, **result: Any) -> ConvTranspose:
        """A transposed convolution without bias."""
        init = bilinear() if self.score_layers else None
        common: dict[str, Any] = {"use_bias": False, "kernel_init": init, "dtype": self.dtype, "rngs": rngs}
        return ConvTranspose(in_ch, out_ch, (k, k), strides=s, **common, **result)

    def score(self, in_ch: int, out_ch: int, rngs: nnx.Rngs) -> Conv | None:
        """The 1×1 convolution of the coarsest features, if there is one."""
        if not self.score_layers:
            return None
        return Conv(in_ch, out_ch, (1, 1), kernel_init=zeros, dtype=self.dtype, rngs=rngs)

    def skip(self, in_ch: int, out_ch: int, rngs: nnx.Rngs) -> ConvBlock:
        """A 1×1 convolution of a pool."""
        init = zeros if self.score_layers else None
        common: dict[str, Any] = {"normalise": self.normalise, "kernel_init": init, "dtype": self.dtype, "rngs": rngs}
        return ConvBlock(in_ch, out_ch, (1, 1), relu=self.relu_skips, **common)


class UpAndAdd(nnx.Module):
    """Twice the size, plus a 1×1 convolution of the encoder's pool of that size.

    (…, h, w, in_ch), (…, 2h, 2w, skip_ch) -> (…, 2h, 2w, out_ch). The transposed convolution
    (kernel 4, strides 2) gives 2h+2. Where its grid begins outside the pool's, by one pixel, it is
    cropped; where it begins inside, the pool is.
    """

    def __init__(
        self,
        in_ch: int,
        skip_ch: int,
        out_ch: int,
        doubled_insets: Sequence[int],
        options: DecoderOptions,
        *,
        rngs: nnx.Rngs,
    ):
        self.up = options.up(in_ch, out_ch, 4, 2, rngs)
        self.crop = _crop(max(0, -(inset // 2)) for inset in doubled_insets)
        self.crop_pool = _crop(max(0, inset // 2) for inset in doubled_insets)
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
    `alignment` has the crops of either axis.
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
        alignment: Sequence[Alignment],
        rngs: nnx.Rngs,
    ):
        self.score = options.score(in_ch, decoder_ch, rngs)
        in_ch = in_ch if self.score is None else decoder_ch
        self.steps = nnx.List()
        insets = zip(*(axis.doubled_insets for axis in alignment), strict=True)
        for skip_ch, doubled_insets in zip(skip_chs, insets, strict=True):
            self.steps.append(UpAndAdd(in_ch, skip_ch, decoder_ch, doubled_insets, options, rngs=rngs))
            in_ch = decoder_ch
        # Logits are not rounded to a short dtype: the loss subtracts them.
        result = None if options.dtype is None else jnp.promote_types(options.dtype, jnp.float32)
        k = options.overlap * factor
        self.up = options.up(in_ch, num_classes, k, factor, rngs, preferred_element_type=result)
        self.crop = _crop(axis.margin for axis in alignment)

    def __call__(self, x: Array, pools: Sequence[Array]) -> Array:
        x = x if self.score is None else self.score(x)
        for step, pool in zip(self.steps, pools, strict=True):
            x = step(x, pool)
        x = self.up(x)
        return x if self.crop is None else self.crop(x)


def _crop(margins: Iterable[int]) -> Crop | None:
    m, n = margins
    return Crop((m, n)) if m or n else None
