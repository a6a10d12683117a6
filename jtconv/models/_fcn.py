"""Fully convolutional networks (Long, Shelhamer and Darrell, arXiv 1411.4038) on VGG-16.

FCN-32, FCN-16, FCN-8, FCN-4 and FCN-2 are one network whose decoder takes zero to four of the
encoder's pools. Its last transposed convolution enlarges by the factor that is left: 32 to 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import float_array
from jtconv._geometry import arguments as arg
from jtconv.models import _settings as settings
from jtconv.models._alignment import align
from jtconv.models._fcn_decoder import Decoder, DecoderOptions
from jtconv.models._layers import ConvBlock, cut, pad_around, pad_to_multiple
from jtconv.models._vgg import DEPTHS, VGG16

PAPER: Mapping[str, Any] = MappingProxyType({"first_padding": 100, "dropout": 0.5, "score_layers": True, "overlap": 2})


@dataclass(frozen=True)
class FCNSettings:
    """The arguments of `FCN` in normal form, by which another of the same kind is made."""

    num_classes: int
    in_ch: int
    width: int
    depths: tuple[int, ...]
    first_padding: int
    head_ch: int
    head_kernel: tuple[int, ...]
    dropout: float
    score_layers: bool
    relu_skips: bool
    decoder_ch: int
    overlap: int
    normalise: bool
    dtype: jnp.dtype | None
    remat: bool


class FCN(nnx.Module):
    """Scores (logits) per pixel: (…, h, w, in_ch) -> (…, h, w, num_classes), any h and w.

    The defaults are the article's network (`article`); `paper` makes the original one.

    The score of a pixel is centred on it. The crops bring the encoder's and the decoder's grids
    together by whole pixels, for every `first_padding`, `overlap` and odd `head_kernel`.

    Args:
      num_classes: scores per pixel.
      in_ch, width, depths: see `VGG16`.
      first_padding: what the first convolution pads, on every side. With 1, all convolutions are
        SAME, and a size that 32 does not divide is padded with zeros below and to the right. With
        more (100 in the original), conv6 is VALID instead and pools round up.
      head_ch, head_kernel: channels of conv6 and conv7; kernel of conv6.
      dropout: share of conv6's and conv7's results that is set to zero while training: from the
        start until `model.eval()`, and again after `model.train()`.
      score_layers: whether scores add up in the decoder rather than features: 1×1 convolutions of
        conv7 and of the pools that begin at zero, and kernels of the transposed convolutions that
        begin with (bi)linear interpolation.
      relu_skips: whether a ReLU follows the 1×1 convolutions of the pools. By default it does
        unless they are score layers, where it must not: from zero it could not learn.
      decoder_ch: channels that the skips add up in, `num_classes` by default.
      overlap: width of the last kernel over its strides.
      normalise: whether a batch normalisation follows every convolution but conv7's score layer.
      dtype: dtype of the computation, such as bfloat16. Parameters, statistics of the normalisation and
        the scores that are returned are float32 all the same.
      remat: whether the encoder's stages are computed again for the gradient, for less memory. XLA
        for the CPU undoes this unless `jax.jit` is given
        `compiler_options={"xla_disable_hlo_passes": "cse_barrier_expander"}`.
      rngs: source of the kernels' random keys, and of the dropout's.

    Raises:
      TypeError: for a setting, or an input, of another type.
      ValueError: for `depths` without a stage more than there are skips, a depth or another number
        below 1, a `dropout` outside [0, 1), a `first_padding` that leaves the picture's border
        without scores, options that exclude each other, and for an input without axes (h, w, in_ch).
    """

    num_skips: ClassVar[int]

    def __init__(
        self,
        num_classes: int,
        *,
        in_ch: int = 3,
        width: int = 64,
        depths: Sequence[int] = DEPTHS,
        first_padding: int = 1,
        head_ch: int = 4096,
        head_kernel: int | Sequence[int] = (7, 7),
        dropout: float = 0.0,
        score_layers: bool = False,
        relu_skips: bool | None = None,
        decoder_ch: int | None = None,
        overlap: int = 1,
        normalise: bool = False,
        dtype: DTypeLike | None = None,
        remat: bool = False,
        rngs: nnx.Rngs,
    ):
        num_classes = settings.channels("num_classes", num_classes)
        head_ch = settings.channels("head_ch", head_ch)
        decoder_ch = num_classes if decoder_ch is None else settings.channels("decoder_ch", decoder_ch)
        head_kernel = arg.per_axis("head_kernel", head_kernel, 2, minimum=1)
        first_padding = arg.at_least("first_padding", arg.integer("first_padding", first_padding), 1)
        overlap = arg.at_least("overlap", arg.integer("overlap", overlap), 1)
        depths, dropout = settings.depths(depths, self.num_skips + 1), settings.dropout(dropout)
        score_layers, normalise = arg.truth("score_layers", score_layers), arg.truth("normalise", normalise)
        relu_skips = not score_layers if relu_skips is None else arg.truth("relu_skips", relu_skips)
        dtype = settings.computing(dtype)
        if score_layers:
            _check_score_layers(num_classes, decoder_ch, relu_skips)
        self.border = first_padding - 1
        self.coarsest_factor = 2 ** len(depths)
        factor = self.coarsest_factor // 2**self.num_skips
        alignment = [align(k, self.border, self.num_skips, factor, overlap) for k in head_kernel]
        if self.border:
            self._check_first_padding(first_padding, head_kernel, min(axis.margin for axis in alignment))

        common: dict[str, Any] = {"normalise": normalise, "dtype": dtype, "rngs": rngs}
        self.encoder = VGG16(in_ch, width, depths, round_up=self.border > 0, remat=remat, **common)
        *skip_chs, coarsest = self.encoder.out_chs
        conv6: dict[str, Any] = {"kernel_size": head_kernel, "padding": "VALID" if self.border else "SAME"}
        self.conv6 = ConvBlock(coarsest, head_ch, **conv6, dropout=dropout, **common)
        self.conv7 = ConvBlock(head_ch, head_ch, (1, 1), dropout=dropout, **common)
        self.decoder = Decoder(
            head_ch,
            skip_chs[::-1][: self.num_skips],
            decoder_ch,
            num_classes,
            factor,
            DecoderOptions(score_layers, relu_skips, overlap, normalise, dtype),
            alignment=alignment,
            rngs=rngs,
        )
        self.settings = FCNSettings(
            *(num_classes, int(in_ch), int(width), depths, first_padding, head_ch, head_kernel, dropout),
            *(score_layers, relu_skips, decoder_ch, overlap, normalise, dtype, remat),
        )

    def _check_first_padding(self, first_padding: int, head_kernel: tuple[int, ...], margin: int) -> None:
        if min(head_kernel) < 5:
            raise ValueError(
                f"`head_kernel` must be at least 5 on each axis with a `first_padding` above 1, got {head_kernel!r}: "
                f"pools that round up would have more pixels than the decoder at the picture's lower right."
            )
        if margin < 0:
            raise ValueError(
                f"`first_padding` must be 1, or at least {first_padding - margin} for {type(self).__name__} with "
                f"`head_kernel` {head_kernel!r}, so that conv6 leaves the whole picture, got {first_padding!r}."
            )

    def __call__(self, x: ArrayLike) -> Array:
        x = float_array("x", x)
        if x.ndim < 3:
            raise ValueError(f"`x` must have axes (…, h, w, in_ch), got shape {x.shape}.")
        height, width = x.shape[-3:-1]
        x = pad_around(x, self.border) if self.border else pad_to_multiple(x, self.coarsest_factor)
        *skips, coarsest = self.encoder(x)
        features = self.conv7(self.conv6(coarsest))
        scores = self.decoder(features, skips[::-1][: self.num_skips])
        return cut(scores, (0, 0), (height, width))

    @classmethod
    def article(cls, num_classes: int, *, rngs: nnx.Rngs, **options: Any) -> Self:
        """The article's network: VGG-16 of width 64, 7×7 and 1×1 convolutions of 4096 channels.

        Its skips have a ReLU, linear ones are `relu_skips=False`; its last kernel is as wide as its
        strides. `options`: what else the constructor takes.
        """
        return cls(num_classes, rngs=rngs, **options)

    @classmethod
    def paper(cls, num_classes: int, *, rngs: nnx.Rngs, **options: Any) -> Self:
        """The network of Long, Shelhamer and Darrell, as they released it.

        Dropout of 0.5 after conv6 and conv7; a score layer on conv7 and on each pool taken, all
        from zero; kernels of 4 and strides of 2 (16 and 8, 32 and 16, 64 and 32 at the end) that
        begin as linear interpolation, without bias. The first convolution pads 100, conv6 is
        VALID, and crops of the pools (5, 9) and of the scores (31; 27 for FCN-16, 19 for FCN-32)
        align them. `parameter_groups` lets the optimiser decide what is learned, and how fast;
        `start_from` begins FCN-16 with FCN-32's parameters, and so on.

        `options`: what else the constructor takes. `first_padding=1` has less to compute: 224×224
        pixels become 422×422 by the padding.
        """
        return cls(num_classes, rngs=rngs, **{**PAPER, **options})


def _check_score_layers(num_classes: int, decoder_ch: int, relu_skips: bool) -> None:
    if decoder_ch != num_classes:
        raise ValueError(
            f"`decoder_ch` must be left out with `score_layers`, as scores of {num_classes} classes add up, "
            f"got {decoder_ch}."
        )
    if relu_skips:
        raise ValueError(
            "`relu_skips` must be False with `score_layers`: these begin at zero, where a ReLU has no slope, "
            "so they would not learn."
        )


# --- the family: a network is a row, and all else follows from its number of skips ---------------


class FCN32(FCN):
    """FCN without skips: conv7 is enlarged 32 times at once."""

    num_skips = 0


class FCN16(FCN):
    """FCN with one skip: conv7 ×2, plus pool4, then 16 times."""

    num_skips = 1


class FCN8(FCN):
    """FCN with two skips: conv7 ×2, plus pool4, ×2, plus pool3, then 8 times.

    `FCN8.article(12, rngs=...)` has 135,067,736 parameters. At 224×224: pools of 112, 56, 28, 14
    and 7; 7 → 16, cropped to 14; 14 → 30, cropped to 28; 28 → 224.
    """

    num_skips = 2


class FCN4(FCN):
    """As FCN-8 up to pool3, then ×2, plus pool2, then 4 times."""

    num_skips = 3


class FCN2(FCN):
    """As FCN-4 up to pool2, then ×2, plus pool1, then twice."""

    num_skips = 4
