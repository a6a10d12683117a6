"""The picture: contributions, a flat grey, a photograph and the spectrum, a row for each layer."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.checkerboards.run import Result, Tried
from experiments.drawing import TITLE

SHOWN = slice(16, 48)  # of a grey and a photograph: enough to see positions
ENLARGED = 3  # differences of a flat grey
WORDS = (
    "contributions",
    f"a flat grey, untrained\n(differences × {ENLARGED})",
    "a photograph,\ntrained",
    "spectrum,\ntrained",
)


def draw_picture(result: Result) -> Figure:
    rows = len(result.tried) + 1
    fig = Figure(figsize=(6.4, 1.5 * rows + 0.5), layout="constrained", dpi=130)
    axes = fig.subplots(rows, 4)
    for axis, words in zip(axes[0], WORDS, strict=True):
        axis.set_title(words, size=TITLE + 1)
    faintest, strongest = np.log10(result.power.min()), np.log10(result.power.max())
    for row, tried in zip(axes, result.tried, strict=False):
        draw_row(row, tried, (faintest, strongest))
    draw_photographs(axes[-1], result, (faintest, strongest))
    return fig


def draw_row(row: list[Axes], tried: Tried, limits: tuple[float, float]) -> None:
    counts = tried.cure.contributions(6, 6)
    counts = counts / counts if tried.cure.divided else counts
    show(row[0], counts, cmap="cividis", vmin=0, vmax=9)
    for (y, x), count in np.ndenumerate(counts[4:8, 4:8]):
        row[0].text(
            x + 4, y + 4, f"{count:g}", ha="center", va="center", size=6, color="black" if count > 4 else "white"
        )
    row[0].set_ylabel(tried.cure.name, size=TITLE + 1)
    show(row[1], differences(tried.grey))
    show(row[2], np.clip(tried.image[SHOWN, SHOWN] + 0.5, 0, 1))
    draw_spectrum(row[3], tried.power, limits)


def draw_photographs(row: list[Axes], result: Result, limits: tuple[float, float]) -> None:
    row[0].set_ylabel("photographs", size=TITLE + 1)
    for axis in row[:2]:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    show(row[2], result.photograph[SHOWN, SHOWN] + 0.5)
    draw_spectrum(row[3], result.power, limits)
    row[3].set(xticks=[-0.5, 0, 0.5], xlabel="cycles per position")


def differences(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """From each colour's mean, enlarged, on a middle grey."""
    inner = grey[SHOWN, SHOWN]
    return np.clip(0.5 + ENLARGED * (inner - inner.mean(axis=(0, 1))), 0, 1)


def draw_spectrum(axis: Axes, power: NDArray[np.float64], limits: tuple[float, float]) -> None:
    """(0, 0) in the middle."""
    shifted = np.log10(np.fft.fftshift(power))
    show(axis, shifted, cmap="cividis", vmin=limits[0], vmax=limits[1], extent=(-0.5, 0.5, 0.5, -0.5))


def show(axis: Axes, image: NDArray, **more) -> None:
    axis.imshow(image, interpolation="nearest", **more)
    axis.set(xticks=[], yticks=[])
