"""The articles' sizes with the formula filled in, and what "SAME" pads.

python -m experiments.sizes
"""

import sys
from dataclasses import dataclass
from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.drawing import BLUE, GREY, ORANGE, TITLE
from experiments.shown import Shown, command_line
from experiments.sizes.arithmetic import EXAMPLES, KERNELS, STRIDES, Example, Same, all_same

SHADES = {"always": (BLUE, 0.35), "for some sizes": (GREY, 0.15), "never": (ORANGE, 0.35)}


@dataclass(frozen=True)
class Config:
    """Nothing to choose: `jtconv explain` is the command for sizes of your own."""


def run(_: Config) -> Shown:
    found = all_same()
    return Shown(f"{table(EXAMPLES)}\n\n{same_table(found)}", draw_picture(found))


def table(examples: tuple[Example, ...]) -> str:
    lines = [f"{e.name:9}  {e.layer:8}  {e.arithmetic:42}  {e.given}" for e in examples]
    return "\n".join([f"{'':9}  {'layer':8}  {'on each axis':42}  what the tutorial says", *lines])


def same_table(found: list[list[Same]]) -> str:
    heading = '"SAME" pads (lo, hi), for all sizes there are; ⌊k / 2⌋ on both sides is right'
    lines = [f"k {s.kernel_size} s {s.strides}  {pads(s):22}  {s.holds}" for s in chain.from_iterable(found)]
    return "\n".join([heading, *lines])


def pads(found: Same) -> str:
    return " ".join(f"({lo},{hi})" for lo, hi in found.pads)


def draw_picture(found: list[list[Same]]) -> Figure:
    fig = Figure(figsize=(5.6, 5.4), layout="constrained", dpi=150)
    axis = fig.subplots()
    for entry in chain.from_iterable(found):
        draw_cell(axis, entry)
    for words, shade in SHADES.items():
        axis.add_patch(Rectangle((0, 0), 0, 0, facecolor=shade, label=words))
    axis.set(xlim=(0.5, len(STRIDES) + 0.5), ylim=(len(KERNELS) + 0.5, 0.5), xticks=STRIDES, yticks=KERNELS)
    axis.set(xlabel="stride", ylabel="kernel size")
    axis.set_title(
        'the (lo, hi) that "SAME" pads, one line per possible pair\nis it ⌊k / 2⌋ on both sides?', size=TITLE + 1
    )
    axis.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.11), frameon=False)
    axis.tick_params(length=0)
    return fig


def draw_cell(axis: Axes, entry: Same) -> None:
    corner = entry.strides - 0.5, entry.kernel_size - 0.5
    axis.add_patch(Rectangle(corner, 1, 1, facecolor=SHADES[entry.holds], edgecolor="white"))
    text = pads(entry).replace(" ", "\n")
    axis.text(entry.strides, entry.kernel_size, text, ha="center", va="center", size=9)


main = command_line("sizes", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
