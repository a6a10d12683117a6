"""Spatial sizes changed without arithmetic: halved by the maximum, padded, cropped."""

import jax.numpy as jnp
from flax import nnx
from jax import Array


class MaxPool(nnx.Module):
    """The maximum of each 2×2 block: (…, h, w, c) -> (…, h//2, w//2, c).

    With `round_up` the blocks that the lower and right edges cut count too, as in Caffe:
    (…, ⌈h/2⌉, ⌈w/2⌉, c).

    Four strided slices rather than `lax.reduce_window`, whose gradient (select-and-scatter) is ten
    times slower on a CPU. Where values tie, the gradient is shared between them.
    """

    def __init__(self, *, round_up: bool = False):
        self.round_up = round_up

    def __call__(self, x: Array) -> Array:
        if self.round_up:  # a block of one row twice has its maximum
            x = _pad(x, (0, x.shape[-3] % 2), (0, x.shape[-2] % 2), mode="edge")
        height, width = x.shape[-3] // 2 * 2, x.shape[-2] // 2 * 2
        x = x[..., :height, :width, :]
        top = jnp.maximum(x[..., ::2, ::2, :], x[..., ::2, 1::2, :])
        bottom = jnp.maximum(x[..., 1::2, ::2, :], x[..., 1::2, 1::2, :])
        return jnp.maximum(top, bottom)


class Crop(nnx.Module):
    """Margins off opposite sides: (…, h, w, c) -> (…, h-2·m, w-2·n, c) for margins (m, n).

    Given a `size`, the window of that size that begins at (m, n).
    """

    def __init__(self, margins: tuple[int, int]):
        self.margins = margins

    def __call__(self, x: Array, size: tuple[int, ...] | None = None) -> Array:
        m, n = self.margins
        height, width = size or (x.shape[-3] - 2 * m, x.shape[-2] - 2 * n)
        return x[..., m : m + height, n : n + width, :]


def pad_to_multiple(x: Array, factor: int) -> Array:
    """`x` (…, h, w, c) with zeros below and to the right, until `factor` divides h and w."""
    return _pad(x, (0, -x.shape[-3] % factor), (0, -x.shape[-2] % factor))


def pad_around(x: Array, border: int) -> Array:
    """`x` (…, h, w, c) with `border` rows and columns of zeros on every side."""
    return _pad(x, (border, border), (border, border))


def _pad(x: Array, rows: tuple[int, int], columns: tuple[int, int], mode: str = "constant") -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [rows, columns, (0, 0)], mode=mode)
