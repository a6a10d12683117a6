"""Process images in tiles of a few rows of the first spatial axis.

Intermediate results of a tile stay in the cache. Those of a whole image would touch fresh pages, which costs more
than the arithmetic.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
from jax import Array, lax

MAX_TILE_BYTES = 2**22

Carry = TypeVar("Carry")


class Tiling(NamedTuple):
    """Tiles of `images` images and `rows` rows; `counts` of them along the images and the rows."""

    images: int
    rows: int
    counts: tuple[int, int]

    @property
    def all_rows(self) -> int:
        """Rows of all tiles: the image's rows, rounded up to whole tiles."""
        return self.rows * self.counts[1]


def tiling(n: int, rows: int, row_bytes: int) -> Tiling:
    """Tiles of at most 4 MiB where possible; each of the `rows` of each of the `n` images takes `row_bytes` bytes."""
    if n == 0:
        return Tiling(0, rows, (1, 1))
    fitting = max(1, MAX_TILE_BYTES // (row_bytes * rows))
    images = max(divisor for divisor in range(1, min(n, fitting) + 1) if n % divisor == 0)
    parts = min(rows, -(-row_bytes * rows * images // MAX_TILE_BYTES))
    per_tile = -(-rows // parts)
    return Tiling(images, per_tile, (n // images, -(-rows // per_tile)))


def over_tiles(tiles: Tiling, step: Callable[[Array | int, Array | int, Carry], Carry], initial: Carry) -> Carry:
    """`carry = step(first image, first row, carry)` for every tile."""
    if tiles.counts == (1, 1):
        return step(0, 0, initial)

    def body(i: Array, carry: Carry) -> Carry:
        return step(i // tiles.counts[1] * tiles.images, i % tiles.counts[1] * tiles.rows, carry)

    return lax.fori_loop(0, tiles.counts[0] * tiles.counts[1], body, initial)


def cut(array: Array, image: Array | int, row: Array | int, images: int, rows: int) -> Array:
    """The tile of (N, rows, ...) that begins at `image` and `row`."""
    return lax.dynamic_slice(array, _start(array, image, row), (images, rows, *array.shape[2:]))


def put(array: Array, tile: Array, image: Array | int, row: Array | int) -> Array:
    """`array` with a tile of it replaced."""
    return lax.dynamic_update_slice(array, tile, _start(array, image, row))


def _start(array: Array, image: Array | int, row: Array | int) -> tuple[jax.typing.ArrayLike, ...]:
    return (image, row, *(0 for _ in array.shape[2:]))
