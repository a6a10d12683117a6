"""Up through the encoder's stages, and down again by the transposes of its layers (Zeiler and Fergus, arXiv 1311.2901).

Up, the network's own layers run, and the switches of each pool are kept. Down, every convolution is transposed with its
very kernel. A batch normalisation that is no longer trained is a scale per channel and an offset; down, the scale comes
before the transposed convolution, and the offset, being no part of the linear map, not at all.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from jtconv import conv_transpose


def blocks(x: Array) -> Array:
    """The four pixels of each 2×2 block, row by row: (n, h, w, c) -> (n, h/2, w/2, 4, c)."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).swapaxes(2, 3).reshape(n, h // 2, w // 2, 4, c)


def switches_of(x: Array) -> Array:
    """Number, 0 to 3, of the largest pixel of each block, the first of equal ones: int32 (n, h/2, w/2, c)."""
    return jnp.argmax(blocks(x), axis=3).astype(jnp.int32)


def unpool(y: Array, switches: Array) -> Array:
    """Each value of `y` (n, h, w, c) at the pixel of its block that the switch names, zero elsewhere.

    The result, (n, 2h, 2w, c), is that of the transpose of pooling with these switches.
    """
    n, h, w, c = y.shape
    chosen = jax.nn.one_hot(switches, 4, axis=3, dtype=y.dtype) * y[:, :, :, None]
    return chosen.reshape(n, h, w, 2, 2, c).swapaxes(2, 3).reshape(n, 2 * h, 2 * w, c)


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
    """Project `y`, in the place of the last pool, to pixels (n, h, w, in_ch)."""
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
    """Factor of each channel in the normalisation, (channels,)."""
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


class Strongest(NamedTuple):
    """The strongest activations of each feature, one per scene, from the strongest down."""

    values: NDArray[np.float32]  # (features, patches)
    scenes: NDArray[np.int64]  # (features, patches)
    places: NDArray[np.int64]  # (features, patches, 2), row and column in the pool


@nnx.jit(static_argnames=("size", "batch_size"))
def peaks(stages: Stages, x: Array, *, size: tuple[int, int], batch_size: int) -> tuple[Array, Array]:
    """The largest value of each feature in each picture (n, features), and where it is, rows first.

    Only the first `size` rows and columns of the pool count.
    """

    def one(picture: Array) -> tuple[Array, Array]:
        pool = up(stages, picture[None])[0][0, : size[0], : size[1]]
        flat = pool.reshape(-1, pool.shape[-1])
        return flat.max(0), jnp.argmax(flat, 0)

    return jax.lax.map(one, x, batch_size=batch_size)


def strongest(stages: Stages, x: Array, patches: int, size: tuple[int, int], batch_size: int) -> Strongest:
    """See `peaks`; `patches` of each feature."""
    values, flat = (np.asarray(each) for each in peaks(stages, x, size=size, batch_size=batch_size))
    scenes = np.argsort(-values, axis=0, kind="stable")[:patches]
    rows, columns = np.unravel_index(np.take_along_axis(flat, scenes, 0).T, size)
    return Strongest(np.take_along_axis(values, scenes, 0).T, scenes.T, np.stack([rows, columns], -1))
