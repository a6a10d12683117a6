"""The picture of a run: a detail of a photograph that no network has seen, enlarged in each way."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.color import rgb2yuv, yuv2rgb

from experiments.drawing import TITLE, save_small
from experiments.photographs import photograph
from experiments.super_resolution.baselines import enlarged
from experiments.super_resolution.data import Plane, luminance, pair
from experiments.super_resolution.network import Enlarger
from experiments.super_resolution.run import Result, enlarger, measured

SHOWN = "cat"
TOP, LEFT, SIDE = 48, 96, 120  # of the detail: a multiple of 2, 3 and 4
WIDTH = 2.3  # inches, of one image


def save_picture(result: Result, file: Path) -> None:
    """A row per scale."""
    rows = [panels(network) for network in result.networks.values()]
    fig = Figure(figsize=(WIDTH * 4, (WIDTH + 0.4) * len(rows)), layout="constrained", dpi=100)
    axes = fig.subplots(len(rows), 4, squeeze=False)
    for line, images in zip(axes, rows, strict=True):
        for axis, (title, image) in zip(line, images, strict=True):
            show(axis, title, image)
    save_small(fig, file)


def panels(network: Enlarger) -> list[tuple[str, NDArray]]:
    """Low resolution, bicubic, network, photograph."""
    scale = network.scale
    low, high = pair(photograph(SHOWN), scale)
    small = rgb2yuv(low).astype(np.float32)
    bicubic = np.concatenate([enlarged(small[..., [c]], scale, "bicubic") for c in range(3)], axis=-1)
    learned = np.concatenate([enlarger(network)(small[..., :1]), bicubic[..., 1:]], axis=-1)
    blocks = low.repeat(scale, 0).repeat(scale, 1) / 255
    truth = luminance(high)
    return [
        (f"×{scale}: low resolution", detail(blocks)),
        (f"bicubic, {score(bicubic, truth, scale)}", detail(yuv2rgb(bicubic))),
        (f"network, {score(learned, truth, scale)}", detail(yuv2rgb(learned))),
        ("photograph", detail(high / 255)),
    ]


def score(image: NDArray, truth: Plane, scale: int) -> str:
    return f"{measured(image[..., :1], truth, scale)[0]:.1f} dB"


def detail(image: NDArray) -> NDArray:
    return np.clip(image[TOP : TOP + SIDE, LEFT : LEFT + SIDE], 0, 1)


def show(axis: Axes, title: str, image: NDArray) -> None:
    axis.imshow(image, interpolation="nearest")
    axis.set_title(title, size=TITLE + 1)
    axis.set_axis_off()
