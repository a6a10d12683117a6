"""A transposed convolution by hand: place and add, step by step; the matrix Cᵀ; inserted zeros.

python -m experiments.by_hand
python -m experiments.by_hand --kernel-size 3 3 --strides 2 2
"""

import sys
from collections.abc import Sequence

import numpy as np

from experiments.by_hand.animation import animated
from experiments.by_hand.picture import draw_picture
from experiments.by_hand.work import Config, Step, Work, work
from experiments.shown import Shown, command_line


def run(config: Config) -> Shown:
    done = work(config)
    return Shown(table(done), draw_picture(done), {"steps.svg": animated(done)})


def table(done: Work) -> str:
    """A line for each step, and whether the other two methods agree."""
    heading = f"{'step':>4}  {'y at':6}  {'value':>5}  {'placed at':9}  sum of the result so far"
    lines = [line(number, step) for number, step in enumerate(done.steps, 1)]
    by_matrix = (done.matrix.T @ done.y.ravel()).reshape(done.result.shape)
    return "\n".join(
        [
            heading,
            *lines,
            "",
            f"result:\n{lined(done.result)}",
            f"placed and added, the same: {same(done.steps[-1].total, done)}",
            f"Cᵀ {done.matrix.T.shape[0]}×{done.matrix.T.shape[1]} times y, the same: {same(by_matrix, done)}",
            f"zeros inserted, flipped kernel, the same: {same(done.correlated, done)}",
        ]
    )


def line(number: int, step: Step) -> str:
    corner = spot(np.argwhere(step.placed)[0].tolist())
    return f"{number:4}  {spot(step.at):6}  {step.value:5g}  {corner:9}  {step.total.sum():g}"


def spot(at: Sequence[int]) -> str:
    return f"{at[0]}, {at[1]}"


def lined(values: np.ndarray) -> str:
    width = len(f"{values.max():g}")
    return "\n".join("  " + " ".join(f"{value:{width}g}" for value in row) for row in values)


def same(values: np.ndarray, done: Work) -> str:
    return "yes" if np.array_equal(values, done.result) else "no"


main = command_line("by_hand", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
