"""`FIELDS`: every control of the page, a row each. The page, its address and `jtconv explore` all read this table."""

from dataclasses import dataclass

from jtconv._geometry.arguments import PADDING_NAMES
from jtconv._geometry.padding_modes import PADDING_MODES

LARGEST = 512
"""The largest number that the page's sliders and its address take."""


@dataclass(frozen=True)
class Field:
    """One control.

    Attributes:
      key: name of the value in the page's scripts, and in `ExploredLayer.values`.
      letter: name of the value in the address.
      option: name of the value on the command line.
      label: what stands beside the control; of "numbers", one for each number.
      kind: "sliders" (a number, or one per axis), "padding" (a name, or a pair per axis), "choice" (of names),
        "numbers" (to be typed) or "check" (a box).
      usual: the value that the address leaves out, as text; "" where the address must have one.
      note: an explanation beside the label.
      slider: the slider's range; a larger value from the address makes it longer.
      bounds: smallest and largest number in the address.
      per_axis: whether there is a value for each axis.
      choices: the names to choose from.
    """

    key: str
    letter: str
    option: str
    label: str | tuple[str, ...]
    kind: str
    usual: str
    note: str = ""
    slider: tuple[int, int] = (0, 0)
    bounds: tuple[int, int] = (1, LARGEST)
    per_axis: bool = False
    choices: tuple[str, ...] = ()


FIELDS = (
    Field("y", "y", "input-size", "input size", "sliders", "", "of what Cᵀ takes, y", (1, 12), per_axis=True),
    Field("k", "k", "kernel-size", "kernel size k", "sliders", "", slider=(1, 8), per_axis=True),
    Field("s", "s", "strides", "strides s", "sliders", "1", slider=(1, 6), per_axis=True),
    Field(
        "p", "p", "padding", "padding", "padding", "0", "", (-3, 8), (-LARGEST, LARGEST), per_axis=True,
        choices=PADDING_NAMES,
    ),
    Field("d", "d", "dilation", "dilation d", "sliders", "1", slider=(1, 4), per_axis=True),
    Field(
        "a", "a", "output-padding", "output_padding a", "sliders", "0", "which of the s sizes", (0, 5),
        (-LARGEST, LARGEST), per_axis=True,
    ),
    Field("g", "g", "groups", "groups", "sliders", "1", slider=(1, 8)),
    Field("mode", "m", "padding-mode", "padding_mode", "choice", "zeros", choices=tuple(PADDING_MODES)),
    Field(
        "channels", "c", "channels", ("channels of y", "channels of x"), "numbers", "64,32", slider=(1, 65_536),
        bounds=(1, 1_000_000),
    ),
    Field("bias", "b", "no-bias", "bias", "check", "1"),
)  # fmt: skip
