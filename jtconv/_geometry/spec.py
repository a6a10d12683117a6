"""`ConvSpec`: one convolution with all its sizes fixed, and which input each tap reads."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jtconv._geometry import sizes
from jtconv._geometry.arguments import TOO_LARGE, GeometryArguments, Pads
from jtconv._geometry.open_sizes import any_open, is_open, not_below, surely
from jtconv._geometry.padding_modes import into_range

_MAX_POSITIONS = 2**48  # XLA counts entries in 64 bits, and no memory holds so many


@dataclass(frozen=True)
class ConvSpec:
    """One convolution with all its sizes, as tuples of ints. Made by `ConvGeometry.at`.

    `jax.export` may leave sizes open, and "SAME" padding with them: see `open_sizes`. Made by `open_layers`.
    """

    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[Pads, ...]
    dilation: tuple[int, ...]
    groups: int
    padding_mode: str
    layers: int = 1  # layers that `jax.vmap` has merged; `groups` counts the groups of all of them

    def __str__(self) -> str:
        sizes = ["x".join(map(str, each)) or "()" for each in (self.input_size, self.output_size, self.kernel_size)]
        return (
            f"C: {sizes[0]} -> {sizes[1]}, kernel {sizes[2]}, strides {self.strides}, pads {self.pads} "
            f"({self.padding_mode}), dilation {self.dilation}, groups {self.groups}"
        )

    @property
    def ndim(self) -> int:
        return len(self.kernel_size)

    @property
    def effective_kernel_size(self) -> tuple[int, ...]:
        pairs = zip(self.kernel_size, self.dilation, strict=True)
        return tuple(sizes.effective_kernel_size(k, d) for k, d in pairs)

    @property
    def is_open(self) -> bool:
        """Whether a size is open."""
        return any_open((*self.input_size, *self.output_size))

    def is_settled(self, axis: int) -> bool:
        """Whether an axis differs from one of known size by the number of its outputs alone.

        There surely is an output, and what surrounds the windows is a number of positions on either side.
        """
        i, o, s, (lo, _) = self.input_size[axis], self.output_size[axis], self.strides[axis], self.pads[axis]
        return not any_open((lo, s * o - i)) and surely(lambda: o >= 1)

    def arguments(self) -> GeometryArguments:
        """The keyword arguments of `conv` and `conv_transpose`, with the padding as numbers."""
        return {
            "strides": self.strides,
            "padding": self.pads,
            "dilation": self.dilation,
            "groups": self.groups,
            "padding_mode": self.padding_mode,
        }

    def unpadded(self) -> "ConvSpec":
        """The VALID convolution of the input that has been padded and cropped already."""
        padded = tuple(not_below(i + lo + hi, 0) for i, (lo, hi) in zip(self.input_size, self.pads, strict=True))
        return replace(self, input_size=padded, pads=((0, 0),) * self.ndim, padding_mode="zeros")

    def with_strides_taken(self) -> "ConvSpec":
        """The same convolution with its stride shortened on every axis that has a single window.

        Such an axis takes no step. Methods make one array per phase, so a shorter stride saves work.
        """
        axes = zip(self.unpadded().input_size, self.effective_kernel_size, self.strides, self.output_size, strict=True)
        strides = (s if is_open(o) or o > 1 else min(s, max(reach, i - reach + 1)) for i, reach, s, o in axes)
        return replace(self, strides=tuple(strides))

    def check_countable(self) -> "ConvSpec":
        """Return this spec if XLA can count its known positions. Raises ValueError before anything is traced."""
        axes = zip(self.input_size, self.pads, strict=True)
        padded = [1 if is_open(i) else i + max(0, lo) + max(0, hi) for i, (lo, hi) in axes]
        given = f"`strides` {self.strides}, `padding` {self.pads} and `dilation` {self.dilation}"
        for axis, n in enumerate(padded):  # the output is never larger
            if n >= TOO_LARGE:
                raise ValueError(
                    f"the layer must have fewer than 2**31 positions on each axis, got {n:,} on spatial axis {axis}, "
                    f"with {given}."
                )
        if math.prod(padded) >= _MAX_POSITIONS:
            raise ValueError(
                f"the layer must have fewer than 2**48 positions, got {math.prod(padded):,}, with {given}."
            )
        return self

    def split_pads(self) -> tuple[list[Pads], list[Pads]]:
        """(outer, inner) padding of every axis: outer is applied before C, inner by C; see `sizes.split_pads`."""
        axes = zip(self.input_size, self.output_size, self.effective_kernel_size, self.strides, self.pads, strict=True)
        both = [sizes.split_pads(i, o, reach, s, lo) for i, o, reach, s, (lo, _) in axes]
        return [outer for outer, _ in both], [inner for _, inner in both]

    def tap_source(self, axis: int, xp: Any = np) -> Any:
        """Input position that tap t of output o reads: int array (out, k), -1 where padding is zero.

        The position is s·o + d·t - lo, mapped back into the input by the padding mode. `xp` is NumPy, or `jax.numpy`
        for open sizes.
        """
        o = xp.arange(self.output_size[axis])[:, None]
        t = xp.arange(self.kernel_size[axis])[None, :]
        position = self.strides[axis] * o + self.dilation[axis] * t - self.pads[axis][0]
        return into_range(position, self.input_size[axis], self.padding_mode)


def combine(tables: list[np.ndarray], sizes: tuple[int, ...]) -> np.ndarray:
    """Combine per-axis tables of positions, (rows, slots) with -1 for none, into a table of flat positions.

    Rows and slots of the result run over all combinations of the axes, in C order. An entry is -1
    if any axis has -1.
    """
    flat = np.zeros((1, 1), np.int32)
    for table, size in zip(tables, sizes, strict=True):
        rows, slots = table.shape
        outer = flat[:, None, :, None]
        inner = table.astype(np.int32)[None, :, None, :]
        both = np.where((outer < 0) | (inner < 0), -1, outer * size + inner)
        flat = both.reshape(flat.shape[0] * rows, flat.shape[1] * slots)
    return flat
