"""The picture of a run: photograph, observation, the reconstructions; a detail of each; the curves."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.drawing import BLUE, GREY, ORANGE, TITLE, finish
from experiments.inverse.observe import Image as Photograph
from experiments.inverse.run import Result

DETAIL = 1 / 5  # of the photograph's width
WIDTH, TITLES, CURVES = 11.5, 0.45, 2.5  # inches: of all, and the heights of titles and curves


def draw_picture(result: Result) -> Figure:
    """One column per image: whole, and a detail; below, PSNR by step and by λ."""
    images = panels(result)
    rows, columns, _ = result.seen.photograph.shape
    upper_height = WIDTH / len(images) * (rows / columns + 1) + TITLES
    fig = Figure(figsize=(WIDTH, upper_height + CURVES), layout="constrained", dpi=100)
    both: Any = fig.subfigures(2, 1, height_ratios=[upper_height, CURVES])
    upper, lower = both
    axes = upper.subplots(2, len(images), height_ratios=[rows / columns, 1])
    box = detail_box(rows, columns)
    for (title, image), whole, detail in zip(images, *axes, strict=True):
        show(whole, image)
        whole.set_title(title, size=TITLE)
        top, left, side = box
        whole.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor="white", linewidth=1.2))
        show(detail, image[top : top + side, left : left + side])
    by_step, by_penalty = lower.subplots(1, 2, width_ratios=[3, 2])
    draw_steps(by_step, result)
    draw_penalties(by_penalty, result)
    return fig


def panels(result: Result) -> list[tuple[str, Photograph]]:
    rows, columns, _ = result.seen.photograph.shape
    seen = result.seen.low_resolution
    strides = result.seen.operator.spec.strides
    blocks = seen.repeat(strides[0], axis=0).repeat(strides[1], axis=1)[:rows, :columns]
    size = "×".join(map(str, seen.shape[:2]))
    names = {"transpose": "Cᵀ y: no inverse", "bicubic": "y, bicubic", "penalised": "solved with C and Cᵀ"}
    return [
        (f"photograph x\n{rows}×{columns}", result.seen.photograph),
        (f"observed y = C x + noise\n{size}", np.clip(blocks, 0, 1)),
        *((f"{title}\n{score(result, name)}", result.attempts[name].image) for name, title in names.items()),
    ]


def score(result: Result, name: str) -> str:
    return f"{result.attempts[name].psnr:.1f} dB, SSIM {result.attempts[name].ssim:.2f}"


def detail_box(rows: int, columns: int) -> tuple[int, int, int]:
    """(top, left, side) of the square that is shown enlarged."""
    side = min(round(columns * DETAIL), rows)
    return (rows - side) // 2, (columns - side) // 2, side


def show(axis: Axes, image: Photograph) -> None:
    axis.imshow(image, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def draw_steps(axis: Axes, result: Result) -> None:
    """PSNR after every conjugate gradient step, with a penalty and without."""
    plain, penalised = result.curves["plain"], result.curves["penalised"]
    axis.plot(range(1, len(penalised) + 1), penalised, color=BLUE, label=f"with λ = {result.penalty:g}")
    axis.plot(range(1, len(plain) + 1), plain, color=ORANGE, linestyle="--", label="without: noise is fitted too")
    axis.axhline(result.attempts["bicubic"].psnr, color=GREY, linestyle=":", label="bicubic")
    axis.plot(1, plain[0], "o", color="black", label="step 1: Cᵀ y times the best factor")
    axis.set_xscale("log")
    axis.set_title("conjugate gradients on (CᵀC + λDᵀD) x = Cᵀ y", size=TITLE)
    axis.set(xlabel="step", ylabel="PSNR (dB)")
    finish(axis)


def draw_penalties(axis: Axes, result: Result) -> None:
    """PSNR for every λ, and which one cross-validation took without knowing it."""
    penalties, _, values = zip(*result.choices, strict=True)
    chosen = penalties.index(result.penalty)
    axis.semilogx(penalties, values, color=BLUE, marker=".", label="PSNR")
    axis.plot(result.penalty, values[chosen], "s", color=ORANGE, label="chosen by cross-validation")
    axis.set_title("the penalty, chosen from y alone", size=TITLE)
    axis.set(xlabel="λ")
    finish(axis)
