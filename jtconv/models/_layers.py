"""The layers that networks are made of: convolution block, pool, crop, padding."""

import jax.numpy as jnp
from flax import nnx
from jax import Array, lax
from jax.nn.initializers import Initializer
from jax.typing import DTypeLike

from jtconv.nn import Conv

zeros = nnx.initializers.zeros


class ConvBlock(nnx.Module):
    """relu(conv(x) + bias), or relu(batch_norm(conv(x))): (…, h, w, in_ch) -> (…, h, w, out_ch).

    Without `relu` it is linear. `dropout` is the share of the result that is set to zero while
    training. The convolution is computed in `dtype`; the statistics of the normalisation are
    float32 all the same.
    """

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel_size: tuple[int, int] = (3, 3),
        *,
        padding: str = "SAME",
        normalise: bool = False,
        relu: bool = True,
        dropout: float = 0.0,
        kernel_init: Initializer | None = None,
        dtype: DTypeLike | None = None,
        rngs: nnx.Rngs,
    ):
        self.conv = Conv(
            in_ch,
            out_ch,
            kernel_size,
            padding=padding,
            use_bias=not normalise,  # the normalisation has its own
            kernel_init=kernel_init or nnx.initializers.he_normal(),
            dtype=dtype,
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(out_ch, momentum=0.97, dtype=dtype, rngs=rngs) if normalise else None
        self.relu = relu
        self.dropout = nnx.Dropout(dropout, rngs=rngs) if dropout else None

    def __call__(self, x: Array) -> Array:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        if self.relu:
            x = nnx.relu(x)
        return x if self.dropout is None else self.dropout(x)


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
        if self.round_up:  # repeating the last row changes no maximum
            x = jnp.concatenate([x, x[..., -1:, :, :]], -3) if x.shape[-3] % 2 else x
            x = jnp.concatenate([x, x[..., -1:, :]], -2) if x.shape[-2] % 2 else x
        ends = x.shape[-3] // 2 * 2, x.shape[-2] // 2 * 2
        left, right = (jnp.maximum(cut(x, (0, j), ends, 2), cut(x, (1, j), ends, 2)) for j in (0, 1))
        return jnp.maximum(left, right)


class Crop(nnx.Module):
    """Margins off opposite sides: (…, h, w, c) -> (…, h-2·m, w-2·n, c) for margins (m, n).

    Given a `size`, the window of that size that begins at (m, n).
    """

    def __init__(self, margins: tuple[int, int]):
        self.margins = margins

    def __call__(self, x: Array, size: tuple[int, ...] | None = None) -> Array:
        m, n = self.margins
        height, width = size or (x.shape[-3] - 2 * m, x.shape[-2] - 2 * n)
        return cut(x, (m, n), (m + height, n + width))


def cut(x: Array, start: tuple[int, int], end: tuple[int, int], step: int = 1) -> Array:
    """`x` (…, h, w, c) from row and column `start` to before `end`. For an open batch, indexing makes gathers of it."""
    *batch, _, _, ch = x.shape
    starts, steps = (*(0 for _ in batch), *start, 0), (*(1 for _ in batch), step, step, 1)
    return lax.slice(x, starts, (*batch, *end, ch), steps)


def pad_to_multiple(x: Array, factor: int) -> Array:
    """`x` (…, h, w, c) with zeros below and to the right, until `factor` divides h and w."""
    return _pad(x, (0, -x.shape[-3] % factor), (0, -x.shape[-2] % factor))


def pad_around(x: Array, border: int) -> Array:
    """`x` (…, h, w, c) with `border` rows and columns of zeros on every side."""
    return _pad(x, (border, border), (border, border))


def _pad(x: Array, rows: tuple[int, int], columns: tuple[int, int]) -> Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 3) + [rows, columns, (0, 0)]) if any(rows + columns) else x
