"""Pictures larger than a bound: scored tile by tile, the scores blended where tiles overlap.

    tile i      |----- alone -----|\\ blend
                |                 | \\
    tile i+1            (nothing)   /|----- alone -----|

Along each axis neighbours share `overlap` pixels. The outer quarter of a tile's share counts nothing, since there the
tile's edge is near, which the picture does not have; in the middle half the one's weight falls as the other's rises. So
where the network sees no further than a quarter of `overlap`, the scores are those of the whole picture. Tiles start at
multiples of the coarsest pixel, so that the pools fall as they do in the whole picture.

Scores are kept for one tile, and for the rows that blend into the tiles below.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jtconv.models._inference import FACTOR, classes_of, scores_of
from jtconv.models._model import Model


@dataclass(frozen=True)
class Tiling:
    """The division of large pictures. Raises ValueError for sizes out of bounds."""

    tile: int = 1024
    """Side of a tile in pixels, a multiple of 32: pictures up to this size are scored whole."""
    overlap: int = 256
    """Pixels that neighbouring tiles share: a multiple of 32, at most half a tile."""

    def __post_init__(self) -> None:
        if self.tile < FACTOR or self.tile % FACTOR:
            raise ValueError(f"`tile` must be a multiple of {FACTOR} and above 0, got {self.tile}.")
        if not 0 <= self.overlap <= self.tile // 2 or self.overlap % FACTOR:
            rule = f"a multiple of {FACTOR} from 0 to half of `tile` ({self.tile // 2})"
            raise ValueError(f"`overlap` must be {rule}, got {self.overlap}.")


class Span(NamedTuple):
    """A tile along one axis."""

    start: int  # of the pixels that are scored
    stop: int
    first: int  # of the pixels that count
    done: int  # up to here no later tile counts
    last: int
    weights: NDArray[np.float32]  # (last - first,)

    @property
    def counting(self) -> slice:
        """The pixels that count among those that are scored."""
        return slice(self.first - self.start, self.last - self.start)


def spans(length: int, tiling: Tiling) -> list[Span]:
    """The tiles of an axis; the last is moved back to end with the axis (padded to `FACTOR`)."""
    tile, blend = tiling.tile, tiling.overlap // 2
    final = max(0, -(-length // FACTOR) * FACTOR - tile)
    starts = [*range(0, final, tile - tiling.overlap), final]
    middles = [(low + tile + high) // 2 for low, high in pairwise(starts)]
    rise = (np.arange(blend, dtype=np.float32) + 0.5) / max(1, blend)
    result = []
    for i, start in enumerate(starts):
        first = middles[i - 1] - blend // 2 if i else 0
        last = middles[i] + blend // 2 if i < len(middles) else length
        weights = np.ones(last - first, np.float32)
        done = last
        if i:
            weights[:blend] = rise
        if i < len(middles):
            done = last - blend
            weights[done - first :] = 1 - rise
        result.append(Span(start, min(start + tile, length), first, done, last, weights))
    return result


def is_large(image: NDArray, tiling: Tiling) -> bool:
    """Whether the picture (h, w, in_ch) is divided."""
    return max(image.shape[:2]) > tiling.tile


def classes_of_any(model: Model, images: Iterable[NDArray], tiling: Tiling) -> Iterator[NDArray[np.uint8]]:
    """The likeliest class of every pixel (h, w) of each picture (h, w, in_ch), in order."""
    for large, run in groupby(images, key=lambda image: is_large(image, tiling)):
        if large:
            yield from (classes_by_tiles(model, image, tiling) for image in run)
        else:
            yield from classes_of(model, run)


def classes_by_tiles(
    model: Model, image: NDArray, tiling: Tiling, note: Callable[[float], object] = lambda _: None
) -> NDArray[np.uint8]:
    """The classes (h, w) of a picture (h, w, in_ch); `note` is told the share that is done, row by row of tiles."""
    height, width = image.shape[:2]
    result = np.empty((height, width), np.uint8)
    above = np.zeros((0, width, len(model.classes.names)), np.float32)  # what blends into this row of tiles
    for row in spans(height, tiling):
        below = np.zeros((row.last - row.done, *above.shape[1:]), np.float32)
        for column, scores in blended_in_row(model, image, row, tiling):
            at = slice(column.first, column.done)
            scores[: len(above)] += above[:, at]
            finished = row.done - row.first
            below[:, at] = scores[finished:]
            result[row.first : row.done, at] = scores[:finished].argmax(-1)
        above = below
        note(row.done / height)
    return result


def blended_in_row(
    model: Model, image: NDArray, row: Span, tiling: Tiling
) -> Iterator[tuple[Span, NDArray[np.float32]]]:
    """The weighted scores (row.last - row.first, column.done - column.first, num_classes), tile by tile."""
    left = None  # what blends into the next tile
    for column in spans(image.shape[1], tiling):
        scores = scores_of(model, image[row.start : row.stop, column.start : column.stop])
        weights = (row.weights[:, None] * column.weights)[..., None].astype(np.float32)
        scores = scores[row.counting, column.counting] * weights
        if left is not None:
            scores[:, : left.shape[1]] += left
        finished = column.done - column.first
        left = scores[:, finished:].copy()
        yield column, scores[:, :finished]
