"""The axes of a mesh that explain how arrays are cut.

XLA tells which part of an array each device has, but not how the mesh was called. Devices are numbered from 0, so the
number's digits to the base of any mesh's sizes are coordinates on it. The smallest axes, of prime sizes, explain every
array that a larger axis explains.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from jtconv._geometry.division import Cuts, Placement

Parts = np.ndarray  # (devices, axes of an array): the number of the part that a device has


def common_mesh(arrays: Sequence[Parts]) -> tuple[dict[str, int], list[Placement]]:
    """The sizes of a mesh's axes by name, and how each array is placed on it; () where no mesh explains all arrays."""
    devices = len(arrays[0])
    for sizes in dict.fromkeys(itertools.permutations(_primes(devices))):
        placements = [_placement(parts, sizes) for parts in arrays]
        if None not in placements:
            return _named(sizes), [placement for placement in placements if placement is not None]
    whole = _named(_primes(devices))
    return whole, [((),) * parts.shape[1] for parts in arrays]


def _named(sizes: Sequence[int]) -> dict[str, int]:
    return {f"m{axis}": size for axis, size in enumerate(sizes)}


def _primes(n: int) -> list[int]:
    """The prime factors of n, ascending."""
    for factor in range(2, math.isqrt(n) + 1):
        if n % factor == 0:
            return [factor, *_primes(n // factor)]
    return [n] if n > 1 else []


def _placement(parts: Parts, sizes: Sequence[int]) -> Placement | None:
    cuts = [_cuts(column, sizes) for column in parts.T]
    return None if None in cuts else tuple(one for one in cuts if one is not None)


def _cuts(parts: np.ndarray, sizes: Sequence[int]) -> Cuts | None:
    """The mesh axes of which a part's number consists, the major one first; None if it does not consist of any."""
    grid = parts.reshape(sizes)
    steps = [int(grid.take(1, axis).flat[0] - grid.flat[0]) for axis in range(len(sizes))]
    order = sorted((axis for axis, step in enumerate(steps) if step), key=lambda axis: -steps[axis])
    explained = sum(steps[axis] * index for axis, index in zip(order, np.indices(sizes)[order], strict=True))
    minor_first = [steps[axis] for axis in reversed(order)]
    widths = [1, *itertools.accumulate((sizes[axis] for axis in reversed(order)), lambda a, b: a * b)]
    if minor_first != widths[: len(order)] or not np.array_equal(grid, np.broadcast_to(explained, grid.shape)):
        return None
    return tuple(f"m{axis}" for axis in order)
