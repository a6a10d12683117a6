"""Up through the encoder's stages, and down again by the transposes of its layers (Zeiler and Fergus, arXiv 1311.2901).

Up, the network's own layers run, and the switches of each pool are kept. Down, every convolution is
transposed with its very kernel. A batch normalisation that is no longer trained is a scale per channel and
an offset; down, the scale comes before the transposed convolution, and the offset, being no part of the
linear map, not at all.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from experiments.inside.switches import switches_of, unpool
from jtconv import conv_transpose

Stages = Sequence[Any]  # the first of jtconv.models.VGG16's


def up(stages: Stages, x: Array) -> tuple[Array, list[Array]]:
    """The last pool of pictures (n, h, w, in_ch), and the switches of every pool; 2^stages divides h and w."""
    switches = []
    for stage in stages:
        for block in stage.convs:
            x = block(x)
        switches.append(switches_of(x))
        x = stage.pool(x)
    return x, switches


def down(stages: Stages, y: Array, switches: Sequence[Array], rectify: bool) -> Array:
    """What `y` in the place of the last pool comes to in the pictures, (n, h, w, in_ch)."""
    for stage, where in zip(reversed(stages), reversed(switches), strict=True):
        y = unpool(y, where)
        for block in reversed(stage.convs):
            y = transposed(block, nnx.relu(y) if rectify else y)
    return y


def transposed(block: Any, y: Array) -> Array:
    """The transpose of a ConvBlock's linear part: (n, h, w, out_ch) -> (n, h, w, in_ch)."""
    if block.norm is not None:
        y = y * scale_of(block.norm)
    # All are SAME with strides 1, so both sizes are the same.
    return conv_transpose(y, block.conv.kernel[...], output_size=y.shape[1:3], **block.conv.geometry.arguments())


def scale_of(norm: nnx.BatchNorm) -> Array:
    """What the normalisation multiplies each channel by, (channels,)."""
    assert norm.scale is not None
    return norm.scale[...] / jnp.sqrt(norm.var[...] + norm.epsilon)


def project(stages: Stages, x: Array, features: Array, places: Array, rectify: bool) -> Array:
    """One activation of each picture alone, taken down to its pixels: (n, h, w, in_ch).

    Args:
      stages: of the encoder, up to the pool that the activations are of.
      x: pictures (n, h, w, in_ch).
      features: the channel (n,) of each activation.
      places: its row and column (n, 2) in the pool.
      rectify: whether what is negative is set to zero before every transposed convolution.
    """
    y, switches = up(stages, x)
    at = jnp.arange(len(y)), places[:, 0], places[:, 1], features
    alone = jnp.zeros_like(y).at[at].set(y[at])
    return down(stages, alone, switches, rectify)


@nnx.jit(static_argnames=("rectify", "batch_size"))
def project_all(
    stages: Stages, x: Array, scenes: Array, features: Array, places: Array, *, rectify: bool, batch_size: int
) -> Array:
    """`project` of the pictures `x[scenes]`, `batch_size` at a time, so that memory does not grow with their number."""

    def one(chosen: tuple[Array, Array, Array]) -> Array:
        scene, feature, place = chosen
        return project(stages, x[scene][None], feature[None], place[None], rectify)[0]

    return jax.lax.map(one, (scenes, features, places), batch_size=batch_size)
