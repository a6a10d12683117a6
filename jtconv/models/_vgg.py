"""VGG-16 without its classifier (Simonyan and Zisserman, arXiv 1409.1556, configuration D)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import float_array
from jtconv._geometry import arguments as arg
from jtconv.models import _settings as settings
from jtconv.models._conv_block import ConvBlock
from jtconv.models._resize import MaxPool

DEPTHS = (2, 2, 3, 3, 3)


class Stage(nnx.Module):
    """3×3 convolutions at one resolution, then a 2×2 maximum pool."""

    def __init__(self, in_ch: int, out_ch: int, depth: int, *, round_up: bool, **block: Any):
        widths = [in_ch] + [out_ch] * depth
        self.convs = nnx.List(ConvBlock(i, o, **block) for i, o in pairwise(widths))
        self.pool = MaxPool(round_up=round_up)

    def __call__(self, x: Array) -> Array:
        for conv in self.convs:
            x = conv(x)
        return self.pool(x)


class VGG16(nnx.Module):
    """The convolutions of VGG-16: (…, h, w, in_ch) -> five pools, each half the size of the last.

    Pool i has `out_chs[i] = width · min(2^i, 8)` channels: 64, 128, 256, 512, 512 by default, and
    14,714,688 parameters.

    Args:
      in_ch, width: channels of the input, and of the first convolutions.
      depths: numbers of 3×3 convolutions before each pool.
      normalise: whether a batch normalisation follows each, as in the "VGG-16 BN" of torchvision.
      round_up: whether pools of odd sizes are ⌈n/2⌉, as in Caffe, rather than ⌊n/2⌋.
      dtype: dtype to compute in; parameters and statistics are float32 all the same.
      remat: whether only the pools are kept for the gradient, and the convolutions between them
        computed again, for less memory. See `FCN` for CPUs.
      rngs: source of the kernels' random keys.

    Raises TypeError for a setting, or an input, of another type; ValueError for numbers below 1 and for
    `depths` without an entry.
    """

    def __init__(
        self,
        in_ch: int = 3,
        width: int = 64,
        depths: Sequence[int] = DEPTHS,
        *,
        normalise: bool = False,
        round_up: bool = False,
        dtype: DTypeLike | None = None,
        remat: bool = False,
        rngs: nnx.Rngs,
    ):
        in_ch, width = settings.channels("in_ch", in_ch), settings.channels("width", width)
        depths, round_up = settings.depths(depths, 1), arg.truth("round_up", round_up)
        normalise = arg.truth("normalise", normalise)
        self.out_chs = tuple(width * min(2**i, 8) for i in range(len(depths)))
        self.remat = arg.truth("remat", remat)
        in_chs = (in_ch, *self.out_chs)
        self.stages = nnx.List(
            Stage(i, o, depth, round_up=round_up, normalise=normalise, dtype=dtype, rngs=rngs)
            for i, o, depth in zip(in_chs, self.out_chs, depths, strict=False)
        )

    def __call__(self, x: ArrayLike) -> list[Array]:
        x = float_array("x", x)
        run = nnx.remat(Stage.__call__) if self.remat else Stage.__call__
        pools = []
        for stage in self.stages:
            x = run(stage, x)
            pools.append(x)
        return pools
