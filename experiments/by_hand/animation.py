"""The steps as an animated SVG: a matplotlib axis per frame, shown in turn by CSS.

Sharp at any size and a few kilobytes per frame; still, at the last frame, for who asks for reduced motion.
"""

import re
from io import StringIO

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.by_hand.picture import BETWEEN, matrix_row
from experiments.by_hand.work import Step, Work
from experiments.drawing import BLUE, GREEN, ORANGE
from experiments.grids import POINTS, Grid, draw_row, fit

SECONDS = 1.6  # a frame


def animated(work: Work) -> str:
    """SVG of a frame per step."""
    fig = Figure()
    extents = []
    for number, step in enumerate(work.steps):
        axes = fig.add_axes((0, 0, 1, 1), label=f"{number}", gid=frame(number))
        extents.append(draw_frame(axes, work, step, f"Step {number + 1} of {len(work.steps)}"))
    fit(fig, *(max(sizes) for sizes in zip(*extents, strict=True)))
    # The same work twice is the same file; letters stay letters.
    with rc_context({"svg.hashsalt": "jtconv", "svg.fonttype": "none"}):
        text = StringIO()
        fig.savefig(text, format="svg", metadata={"Date": None})
    return re.sub(r"(<svg[^>]*>)", rf"\1\n<style>{style(len(work.steps))}</style>", text.getvalue(), count=1)


def frame(number: int) -> str:
    return f"step-{number}"


def style(frames: int) -> str:
    """Frame n is seen in the n-th of equal parts of a round."""
    share, period = 100 / frames, frames * SECONDS
    turns = [
        f"#{frame(n)} {{ animation: turn {period:g}s step-end {n * SECONDS - period:g}s infinite; }}"
        for n in range(frames)
    ]
    others = "".join(f"#{frame(n)} {{ display: none; }}" for n in range(frames - 1))
    return (
        f"@keyframes turn {{ 0% {{ visibility: visible; }} {share:.4f}%, 100% {{ visibility: hidden; }} }}\n"
        + "\n".join(turns)
        + f"\n@media (prefers-reduced-motion: reduce) {{ g {{ animation: none !important; }} {others} }}"
    )


def draw_frame(axes: Axes, work: Work, step: Step, title: str) -> tuple[float, float]:
    title = f"{title}: add {step.value:g} · kernel"
    axes.text(0, 0.4, title, va="center", size=POINTS)
    chosen = np.zeros(work.y.shape, bool)
    chosen[step.at] = True
    upper = [
        Grid(work.y, "y", BLUE, marked=chosen),
        "·",
        Grid(work.kernel, "kernel", ORANGE),
        "→",
        Grid(step.total, "result", GREEN, marked=step.placed),
    ]
    right, bottom = draw_row(axes, upper, 0.0, 0.9)
    end, bottom = draw_row(axes, matrix_row(work, step), 0.0, bottom + BETWEEN)
    return max(right, end), bottom
