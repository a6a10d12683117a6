"""The picture of a run: for each task two other ways, the network, and the photograph, which it has not seen."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments.autoencoder.run import Result
from experiments.drawing import TITLE, save_small

TOP, LEFT, SIDE = 40, 80, 144  # of the detail
WIDTH = 1.9  # inches, of one image


def save_picture(result: Result, file: Path) -> None:
    """A row per task."""
    rows = [panels(result, task) for task in result.shown]
    fig = Figure(figsize=(WIDTH * 4, (WIDTH + 0.5) * len(rows)), layout="constrained", dpi=100)
    for line, images in zip(fig.subplots(len(rows), 4, squeeze=False), rows, strict=True):
        for axis, (title, image) in zip(line, images, strict=True):
            show(axis, title, image[TOP : TOP + SIDE, LEFT : LEFT + SIDE])
    save_small(fig, file, greys=True)


def panels(result: Result, task: str) -> list[tuple[str, NDArray]]:
    """The simplest other way, the last one, the network, and the photograph."""
    shown = result.shown[task]
    values = {s.method: s.psnr for s in result.scores if (s.task, s.photograph) == (task, shown.name)}
    simplest, *_, last, network = shown.restored
    named = [(f"{method}\n{values[method]:.1f} dB", shown.restored[method]) for method in (simplest, last, network)]
    return [*named, (f"{task}:\nphotograph", shown.photograph)]


def show(axis: Axes, title: str, image: NDArray) -> None:
    axis.imshow(image, interpolation="nearest")
    axis.set_title(title, size=TITLE + 1)
    axis.set_axis_off()
