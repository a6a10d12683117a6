"""`ConvSpec`: one convolution with all its sizes fixed, and which input each tap reads."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jtconv._geometry import sizes
from jtconv._geometry.arguments import Pads


@dataclass(frozen=True)
class ConvSpec:
    """All that a method needs to know, as tuples of ints. Made by `ConvGeometry.at`."""

    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[Pads, ...]
    dilation: tuple[int, ...]
    groups: int
    padding_mode: str
    layers: int = 1  # that `jax.vmap` has put side by side; the groups are all of theirs

    @property
    def ndim(self) -> int:
        return len(self.kernel_size)

    @property
    def effective_kernel_size(self) -> tuple[int, ...]:
        pairs = zip(self.kernel_size, self.dilation, strict=True)
        return tuple(sizes.effective_kernel_size(k, d) for k, d in pairs)

    def unpadded(self) -> "ConvSpec":
        """The VALID convolution of the input that has been padded and cropped already."""
        padded = tuple(i + lo + hi for i, (lo, hi) in zip(self.input_size, self.pads, strict=True))
        return replace(self, input_size=padded, pads=((0, 0),) * self.ndim, padding_mode="zeros")

    def with_strides_taken(self) -> "ConvSpec":
        """The same convolution, its strides no longer than they need be: a window alone on its axis takes none.

        Methods make as many phases as the stride is long.
        """
        axes = zip(self.unpadded().input_size, self.effective_kernel_size, self.strides, self.output_size, strict=True)
        strides = (s if o > 1 else min(s, max(reach, i - reach + 1)) for i, reach, s, o in axes)
        return replace(self, strides=tuple(strides))

    def split_pads(self) -> tuple[list[Pads], list[Pads]]:
        """Per axis, what is padded or cropped before C, and what C itself pads; see `sizes.split_pads`."""
        axes = zip(self.input_size, self.output_size, self.effective_kernel_size, self.strides, self.pads, strict=True)
        both = [sizes.split_pads(i, o, reach, s, lo) for i, o, reach, s, (lo, _) in axes]
        return [outer for outer, _ in both], [inner for _, inner in both]

    def tap_source(self, axis: int) -> np.ndarray:
        """Which input position tap t of output o reads: int array (out, k), -1 where padding is zero.

        Position s·o + d·t - lo, brought back into the input as the padding mode says.
        """
        o = np.arange(self.output_size[axis])[:, None]
        t = np.arange(self.kernel_size[axis])[None, :]
        position = self.strides[axis] * o + self.dilation[axis] * t - self.pads[axis][0]
        return into_range(position, self.input_size[axis], self.padding_mode)


def into_range(position: Any, size: int, mode: str) -> Any:
    """Where in an axis of `size` each position of the padded axis copies from; -1 where it is zero.

    An array of NumPy or JAX, as `position` is.
    """
    xp = position.__array_namespace__()
    if mode == "zeros":
        return xp.where((position >= 0) & (position < size), position, -1)
    if mode == "circular":
        return position % size
    if mode == "replicate":
        return xp.clip(position, 0, size - 1)
    # Reflection without repeating the edge has period 2(size - 1).
    folded = position % max(2 * (size - 1), 1)
    return xp.minimum(folded, 2 * (size - 1) - folded)


def combine(tables: list[np.ndarray], sizes: tuple[int, ...]) -> np.ndarray:
    """Per-axis tables of positions, (rows, slots) each and -1 for none, as one table of flat positions.

    Rows and slots of the result run over all combinations of the axes', the last axis quickest; an
    entry is -1 as soon as one axis has none.
    """
    flat = np.zeros((1, 1), np.int32)
    for table, size in zip(tables, sizes, strict=True):
        rows, slots = table.shape
        outer = flat[:, None, :, None]
        inner = table.astype(np.int32)[None, :, None, :]
        both = np.where((outer < 0) | (inner < 0), -1, outer * size + inner)
        flat = both.reshape(flat.shape[0] * rows, flat.shape[1] * slots)
    return flat
