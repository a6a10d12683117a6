"""One transposed convolution three ways: by placing and adding, by the matrix Cᵀ, by inserting zeros."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.by_hand.config import Config
from jtconv import conv, conv_matrix, conv_transpose

Plane = NDArray[np.float64]


class Step(NamedTuple):
    """One value of the input and its copy of the kernel."""

    at: tuple[int, int]
    value: float
    scaled: Plane  # the kernel times the value
    placed: NDArray[np.bool_]  # where the copy lies in the result
    total: Plane  # the result so far


class Work(NamedTuple):
    """All of it. The input is y, what a convolution C gives; the result has the shape of C's input."""

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
