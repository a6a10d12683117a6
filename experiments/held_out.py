"""Scores of held-out photographs by several methods, PSNR in dB and SSIM, and their table; values are in [0, 1]."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from experiments.shown import Shown

PARTS = {"right": "right parts", "unseen": "never seen"}  # of experiments.photographs.Split
WIDTH = 19  # of a part's columns


class Score(NamedTuple):
    """The scores of a method on one photograph."""

    task: str
    part: str
    photograph: str
    method: str
    psnr: float
    ssim: float


def mean(scores: Iterable[Score], task: str, part: str, method: str) -> tuple[float, float]:
    """PSNR and SSIM, averaged over the photographs."""
    chosen = [s for s in scores if (s.task, s.part, s.method) == (task, part, method)]
    return float(np.mean([s.psnr for s in chosen])), float(np.mean([s.ssim for s in chosen]))


def table(scores: list[Score]) -> str:
    """Means over the photographs: a line per task and method."""
    rows = dict.fromkeys((s.task, s.method) for s in scores)
    tasks, methods = (max(map(len, names)) for names in zip(*rows, strict=True))
    head = " " * (tasks + methods + 1)
    lines = [head + "".join(f"{title:>{WIDTH}}" for title in PARTS.values())]
    lines.append(head + f"{'PSNR (dB)':>{WIDTH - 7}}{'SSIM':>7}" * len(PARTS))
    for task, method in rows:
        means = (mean(scores, task, part, method) for part in PARTS)
        lines.append(f"{task:{tasks}} {method:{methods}}" + "".join(f"{p:{WIDTH - 7}.2f}{s:7.3f}" for p, s in means))
    return "\n".join(lines)


def results(config: Any, scores: list[Score], seconds: dict[str, float], figure: Figure, greys: bool = False) -> Shown:
    """The table, the picture and scores.json, which has the settings and each task's seconds of training too."""
    content = {
        "config": dataclasses.asdict(config),
        "seconds_of_training": {task: round(value, 1) for task, value in seconds.items()},
        "scores": [score._asdict() for score in scores],
    }
    files = {"scores.json": json.dumps(content, indent=1) + "\n"}
    return Shown(table(scores), figure, files, f"trained in {sum(seconds.values()):.0f} s", greys)


def psnr(image: NDArray, photograph: NDArray) -> float:
    """10 log10(1 / mean squared error), the largest value being 1."""
    truth = np.asarray(photograph, np.float64)
    return float(peak_signal_noise_ratio(truth, np.asarray(image, np.float64).reshape(truth.shape), data_range=1))


def ssim(image: NDArray, photograph: NDArray) -> float:
    """Mean structural similarity over all windows and colours of (h, w, channels): 1 for the same image.

    Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13, 2004: Gaussian windows of deviation 1.5.
    """
    truth = np.asarray(photograph, np.float64)
    other = np.asarray(image, np.float64).reshape(truth.shape)
    theirs: Any = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    mean: Any = structural_similarity(truth, other, data_range=1, channel_axis=-1, **theirs)
    return float(mean)
