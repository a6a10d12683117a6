"""Enlarge real photographs 2, 3 and 4 times by small networks whose last layer is a transposed convolution.

A network adds to bicubic interpolation what it has learned is missing. It is compared with nearest, bilinear
and bicubic interpolation, and with back-projection, which learns nothing, on parts of photographs that it was
not trained on, and on two photographs it has seen nothing of.
The photographs ship inside scikit-image and scikit-learn. Leaves super-resolution.png and scores.json in --out.

  python -m experiments.super_resolution
  python -m experiments.super_resolution --scales 2 --steps 3000 --out runs/twice
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.color import rgb2yuv, yuv2rgb

from experiments.drawing import draw_panels
from experiments.held_out import results
from experiments.photographs import photograph
from experiments.shown import Shown, command_line
from experiments.super_resolution.bicubic import enlarged
from experiments.super_resolution.config import Config
from experiments.super_resolution.data import Plane, luminance, pair
from experiments.super_resolution.network import Enlarger
from experiments.super_resolution.run import Result, enlarger, measured
from experiments.super_resolution.run import run as run_all

SHOWN = "cat"
TOP, LEFT, SIDE = 48, 96, 120  # of the detail: a multiple of 2, 3 and 4
WIDTH = 2.3  # inches, of one image


def run(config: Config) -> Shown:
    result = run_all(config)
    return results(config, result.scores, result.seconds, draw_picture(result))


def draw_picture(result: Result) -> Figure:
    """A row per scale."""
    return draw_panels([panels(network) for network in result.networks.values()], WIDTH, 0.4)


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


main = command_line("super-resolution", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
