"""For every feature of a pool, the scenes in which it is the strongest, and where in them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from experiments.inside.project import Stages, up


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
