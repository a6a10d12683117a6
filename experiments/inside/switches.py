"""2×2 maximum pooling that remembers where each maximum was, and the way back: the transpose of that choice."""

import jax
import jax.numpy as jnp
from jax import Array


def blocks(x: Array) -> Array:
    """The four pixels of each 2×2 block, row by row: (n, h, w, c) -> (n, h/2, w/2, 4, c)."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).swapaxes(2, 3).reshape(n, h // 2, w // 2, 4, c)


def switches_of(x: Array) -> Array:
    """Which pixel of its block is the largest, 0 to 3, and the first of equal ones: int32 (n, h/2, w/2, c)."""
    return jnp.argmax(blocks(x), axis=3).astype(jnp.int32)


def unpool(y: Array, switches: Array) -> Array:
    """Each value of `y` (n, h, w, c) at the pixel of its block that the switch names, zero elsewhere.

    The result, (n, 2h, 2w, c), is that of the transpose of pooling with these switches.
    """
    n, h, w, c = y.shape
    chosen = jax.nn.one_hot(switches, 4, axis=3, dtype=y.dtype) * y[:, :, :, None]
    return chosen.reshape(n, h, w, 2, 2, c).swapaxes(2, 3).reshape(n, 2 * h, 2 * w, c)
