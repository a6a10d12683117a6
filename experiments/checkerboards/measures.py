"""Measures of checkerboards: in a flat grey, and at their frequencies in photographs."""

import numpy as np
from numpy.typing import NDArray

from experiments.checkerboards.data import SCALE, SIDE, Images

LEVELS = 255
GREYS = (-0.3, 0.0, 0.3)  # that are made larger, of [-1/2, 1/2]
FRAME = 4 * SCALE  # positions at the borders that are left out: there, other things happen
NEAR = (3, 4)  # frequencies this many bins away are what one is compared with


def flat(side: int) -> Images:
    """(greys, side, side, 3)."""
    return np.stack([np.full((side, side, 3), grey, np.float32) for grey in GREYS])


def unevenness(images: Images) -> float:
    """The deviation of images that should be flat from their means, in grey levels of 255."""
    inner = images[:, FRAME:-FRAME, FRAME:-FRAME].astype(np.float64)
    return float(LEVELS * np.sqrt(np.mean((inner - inner.mean(axis=(1, 2), keepdims=True)) ** 2)))


def spectrum(images: Images) -> NDArray[np.float64]:
    """(SIDE, SIDE): mean power by frequency, (0, 0) first, of images faded out towards their borders."""
    window = np.hanning(SIDE + 1)[:SIDE]
    faded = (images - images.mean(axis=(1, 2), keepdims=True)) * np.outer(window, window)[..., None]
    return (np.abs(np.fft.fft2(faded, axes=(1, 2))) ** 2).mean(axis=(0, 3))


def checkerboard_bins() -> list[tuple[int, int]]:
    """Frequencies of patterns that repeat every SCALE positions: the multiples of SIDE / SCALE, but for (0, 0)."""
    multiples = range(0, SIDE, SIDE // SCALE)
    return [(row, column) for row in multiples for column in multiples if (row, column) != (0, 0)]


def excess(power: NDArray[np.float64]) -> float:
    """Power at the checkerboard's frequencies over that at frequencies around, in dB, their mean."""
    ratios = [power[at] / around(power, at) for at in checkerboard_bins()]
    return float(np.mean(10 * np.log10(ratios)))


def around(power: NDArray[np.float64], at: tuple[int, int]) -> float:
    """The mean over a square ring."""
    far = range(-NEAR[1], NEAR[1] + 1)
    ring = [(row, column) for row in far for column in far if max(abs(row), abs(column)) >= NEAR[0]]
    return float(np.mean([power[(at[0] + row) % SIDE, (at[1] + column) % SIDE] for row, column in ring]))
