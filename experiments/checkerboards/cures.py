"""Layers that double the size: one that makes checkerboards, and what is done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jax import Array
from numpy.typing import NDArray

from experiments.upsampling.layers import TAPS, Layer, learned_layers, transposed_layer
from jtconv import explain
from jtconv.nn import bilinear

DOUBLE = 2  # scale of every layer
Kernel = NDArray[np.float32]
Initializer = Callable[[np.random.Generator, tuple[int, ...]], Kernel]


@dataclass(frozen=True)
class Cure:
    """A layer that doubles the size, its first kernel, and whether sums are divided by their number of terms."""

    name: str
    initial: Initializer
    kernel_size: int  # as a transposed convolution
    other_layer: str = ""  # of `learned_layers`, where it is computed otherwise
    divided: bool = False

    def layer(self, rows: int, columns: int, in_ch: int, out_ch: int) -> Layer:
        """For something of rows×columns."""
        if not self.other_layer:
            return transposed_layer(self.kernel_size, DOUBLE, (rows, columns), in_ch, out_ch)
        layers = learned_layers(DOUBLE, (rows, columns), in_ch, out_ch)
        return next(layer for layer in layers if layer.name == self.other_layer)

    def apply(self, y: Array, kernel: Array) -> Array:
        """(h, w, in_ch) -> (2h, 2w, out_ch)."""
        rows, columns, in_ch = y.shape
        x = self.layer(rows, columns, in_ch, 1).apply(y, kernel)
        if not self.divided:
            return x
        mean = (self.kernel_size / DOUBLE) ** 2  # of the contributions: sums stay as large
        return x * mean / self.contributions(rows, columns)[..., None]

    def contributions(self, rows: int, columns: int) -> Kernel:
        """(2h, 2w): how many terms each position of the result adds up, before it is divided."""
        by_row, by_column = explain((rows, columns), self.kernel_size, strides=DOUBLE, padding="SAME").overlap
        return np.outer(by_row, by_column).astype(np.float32)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Kernel:
    """Kernel of a convolution (k, k, in, out) that keeps the variance."""
    return rng.standard_normal(shape, np.float32) / np.float32(sqrt(np.prod(shape[:3])))


def transposed_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Kernel:
    """Kernel of a transposed convolution (k, k, out, in); a position of its result adds up k² / s² taps on average."""
    return rng.standard_normal(shape, np.float32) / np.float32(sqrt(shape[0] * shape[1] / DOUBLE**2 * shape[3]))


def interpolating(rng: np.random.Generator, shape: tuple[int, ...]) -> Kernel:
    """Every pair of channels begins with the bilinear kernel, times a number that is drawn."""
    mixture = rng.standard_normal(shape[2:], np.float32) / np.float32(sqrt(shape[3]))
    return np.asarray(bilinear()(None, (*shape[:2], 1, 1))) * mixture


CURES = (
    Cure("k3", transposed_normal, 3),
    Cure("k3, divided", transposed_normal, 3, divided=True),
    Cure("k4", transposed_normal, 4),
    Cure("k4, bilinear", interpolating, 4),
    Cure("shuffle", normal, TAPS * DOUBLE, f"conv k{TAPS}, pixel shuffle"),
    Cure("nearest, conv", normal, DOUBLE + TAPS - 1, f"nearest, conv k{TAPS}"),
)
