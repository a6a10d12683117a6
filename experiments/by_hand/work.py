"""One transposed convolution by three methods: placing and adding, the matrix Cᵀ, inserted zeros."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.errors import check
from jtconv import conv, conv_matrix, conv_transpose

MAX = {"input_size": 3, "kernel_size": 4, "strides": 4}
MAX_CELLS = 300  # of C, that are drawn in every frame
Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    input_size: tuple[int, int] = (2, 2)
    """Size of the input; its values count from 0."""
    kernel_size: tuple[int, int] = (2, 2)
    """Size of the kernel; its values count from 0, too."""
    strides: tuple[int, int] = (1, 1)
    """Distances between the copies of the kernel."""
    padding: tuple[int, int] = (0, 0)
    """Rows and columns that are cut off on each side."""

    def __post_init__(self) -> None:
        for name, most in MAX.items():
            check(self, name, all(1 <= value <= most for value in getattr(self, name)), f"in [1, {most}] on each axis")
        check(self, "padding", all(p >= 0 for p in self.padding), "at least 0 on each axis")
        for k, p, size in zip(self.kernel_size, self.padding, self.result_size, strict=True):
            check(self, "padding", p < k and size >= 1, "below the kernel's size, and leave something of the result")
        cells = prod(self.input_size) * prod(self.result_size)
        check(
            self,
            "input_size",
            cells <= MAX_CELLS,
            f"smaller: C would have {cells} cells, and {MAX_CELLS} can be drawn",
        )

    @property
    def result_size(self) -> tuple[int, ...]:
        sizes = zip(self.input_size, self.kernel_size, self.strides, self.padding, strict=True)
        return tuple(s * (i - 1) + k - 2 * p for i, k, s, p in sizes)


class Step(NamedTuple):
    """One value of the input and its copy of the kernel."""

    at: tuple[int, int]
    value: float
    scaled: Plane  # the kernel times the value
    placed: NDArray[np.bool_]  # where the copy lies in the result
    total: Plane  # the result so far


class Work(NamedTuple):
    """The whole calculation. The input is y, what a convolution C gives; the result has the shape of C's input."""

    y: Plane
    kernel: Plane
    steps: list[Step]
    result: Plane
    matrix: Plane  # C: (y.size, result.size)
    entries: NDArray[np.bool_]  # which places of C hold an entry of the kernel, be that 0
    inserted: Plane  # y with zeros between its values and around
    between: NDArray[np.bool_]  # which of these are y's own
    correlated: Plane  # the flipped kernel moved over `inserted`


def counting(size: tuple[int, int]) -> Plane:
    """0, 1, 2, … row by row."""
    return np.arange(float(size[0] * size[1])).reshape(size)


def work(config: Config) -> Work:
    layer: Any = {"strides": config.strides, "padding": config.padding}
    y, kernel = counting(config.input_size), counting(config.kernel_size)

    def transposed(y: Plane, kernel: Plane) -> Plane:
        return np.asarray(conv_transpose(y[..., None], kernel[..., None, None], **layer), float)[..., 0]

    def matrix(kernel: Plane) -> Plane:
        return np.asarray(conv_matrix(kernel[..., None, None], result.shape, **layer).todense(), float)

    result = transposed(y, kernel)
    inserted, own = with_zeros(y, config)
    flipped = kernel[::-1, ::-1, None, None]
    return Work(
        y,
        kernel,
        place_and_add(y, kernel, transposed),
        result,
        matrix(kernel),
        matrix(np.ones_like(kernel)) > 0,
        inserted,
        own,
        np.asarray(conv(inserted[..., None], flipped), float)[..., 0],
    )


def place_and_add(y: Plane, kernel: Plane, transposed: Callable[[Plane, Plane], Plane]) -> list[Step]:
    """A step for each value: the transposed convolution of that value alone, added to what there was."""
    steps, total = [], np.zeros_like(transposed(y, kernel))
    for at, value in np.ndenumerate(y):
        one = np.zeros_like(y)
        one[at] = 1
        total = total + transposed(value * one, kernel)
        steps.append(Step(at, float(value), value * kernel, transposed(one, np.ones_like(kernel)) > 0, total))
    return steps


def with_zeros(y: Plane, config: Config) -> tuple[Plane, NDArray[np.bool_]]:
    """s - 1 zeros between the values of y, k - 1 - p around; and which values are y's own."""
    strides, spaced = config.strides, [s * (i - 1) + 1 for i, s in zip(y.shape, config.strides, strict=True)]
    around = [(k - 1 - p,) * 2 for k, p in zip(config.kernel_size, config.padding, strict=True)]
    inserted, own = np.zeros(spaced), np.zeros(spaced, bool)
    inserted[:: strides[0], :: strides[1]] = y
    own[:: strides[0], :: strides[1]] = True
    return np.pad(inserted, around), np.pad(own, around)
