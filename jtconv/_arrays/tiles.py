"""Images gone through in tiles of a few rows of the first spatial axis.

What is made of a tile stays small: it is then read from the cache, and no memory beyond it is
asked for, which costs more than the arithmetic where pages are new.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

_TILE_BYTES = 2**22

Carry = TypeVar("Carry")


class Tiling(NamedTuple):
    """Tiles of `images` images and `rows` rows; `counts` of them along the images and the rows."""

    images: int
    rows: int
    counts: tuple[int, int]

    @property
    def all_rows(self) -> int:
        """The rows of all tiles: those there are, and as many more as make the last tile whole."""
        return self.rows * self.counts[1]


def tiling(n: int, rows: int, row_bytes: int) -> Tiling:
    """Tiles of at most 4 MiB, with `row_bytes` for each of the `rows` of `n` images, where that is possible."""
    if n == 0:
        return Tiling(0, rows, (1, 1))
    fitting = max(1, _TILE_BYTES // (row_bytes * rows))
    images = max(divisor for divisor in range(1, min(n, fitting) + 1) if n % divisor == 0)
    parts = min(rows, -(-row_bytes * rows * images // _TILE_BYTES))
    per_tile = -(-rows // parts)
    return Tiling(images, per_tile, (n // images, -(-rows // per_tile)))


def over_tiles(tiles: Tiling, step: Callable[[Array | int, Array | int, Carry], Carry], initial: Carry) -> Carry:
    """`carry = step(first image, first row, carry)` for every tile."""
    if tiles.counts == (1, 1):
        return step(0, 0, initial)

    def body(i: Array, carry: Carry) -> Carry:
        return step(i // tiles.counts[1] * tiles.images, i % tiles.counts[1] * tiles.rows, carry)

    return lax.fori_loop(0, tiles.counts[0] * tiles.counts[1], body, initial)


def zeros(shape: tuple[int, ...], dtype: jax.typing.DTypeLike, like: Array) -> Array:
    """Zeros to begin with. Under `jax.shard_map` they vary over the mesh axes that `like` varies over, as what
    is made of it does."""
    axes = tuple(jax.typeof(like).manual_axis_type.varying)
    return lax.pcast(jnp.zeros(shape, dtype), axes, to="varying")


def cut(array: Array, image: Array | int, row: Array | int, images: int, rows: int) -> Array:
    """The tile of (N, rows, ...) that begins at `image` and `row`."""
    return lax.dynamic_slice(array, _start(array, image, row), (images, rows, *array.shape[2:]))


def put(array: Array, tile: Array, image: Array | int, row: Array | int) -> Array:
    """`array` with a tile of it replaced."""
    return lax.dynamic_update_slice(array, tile, _start(array, image, row))


def _start(array: Array, image: Array | int, row: Array | int) -> tuple[jax.typing.ArrayLike, ...]:
    return (image, row, *(0 for _ in array.shape[2:]))
