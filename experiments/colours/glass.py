"""The picture, and each setting's transposed convolution of it with a kernel of ones."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jtconv import conv_transpose

WHITE = 255
BITS = {"R": "100", "G": "010", "B": "001", "W": "111", "K": "000", "Y": "110", "M": "101", "C": "011"}
COLOUR = {letter: tuple(WHITE * int(bit) for bit in bits) for letter, bits in BITS.items()}
LETTER = {colour: letter for letter, colour in COLOUR.items()}
PICTURE = ("RGRW", "GKBG", "WBRK", "RGWB")  # red beside green, white and black beside all


@dataclass(frozen=True)
class Setting:
    """A layer from 4×4 to 16×16."""

    name: str
    kernel_size: int
    strides: int
    padding: int
    output_padding: int
    said: str  # by the article

    @property
    def words(self) -> str:
        return f"k{self.kernel_size} s{self.strides} p{self.padding} a{self.output_padding}"


SETTINGS = (
    Setting("c", 3, 4, 0, 1, "black stripes between the blocks"),
    Setting("d", 4, 4, 0, 0, "the blocks overlap, colours add"),
    Setting("overlapping", 6, 4, 1, 0, "(not in the article)"),
)


class Glass(NamedTuple):
    """The picture under one setting's glass."""

    setting: Setting
    sums: NDArray[np.int64]  # (16, 16, 3)
    counts: NDArray[np.int64]  # (16, 16): contributions

    @property
    def seen(self) -> NDArray[np.uint8]:
        """Clipped, as a screen does."""
        return np.minimum(self.sums, WHITE).astype(np.uint8)

    @property
    def contributions(self) -> str:
        """The numbers of them that occur."""
        return ", ".join(str(count) for count in np.unique(self.counts))

    @property
    def yellow(self) -> int:
        """Positions of a colour that the picture does not have: red and green together."""
        return int(np.all(self.seen == COLOUR["Y"], axis=-1).sum())

    @property
    def clipped(self) -> int:
        """Positions where some colour was above 255."""
        return int((self.sums > WHITE).any(axis=-1).sum())


def picture() -> NDArray[np.uint8]:
    """(4, 4, 3)."""
    return np.array([[COLOUR[letter] for letter in row] for row in PICTURE], np.uint8)


def through_glass(setting: Setting) -> Glass:
    layer: Any = {name: getattr(setting, name) for name in ("strides", "padding", "output_padding")}
    ones = np.ones((setting.kernel_size, setting.kernel_size, 1, 3), np.float32)
    colours = picture().astype(np.float32)
    sums = np.asarray(conv_transpose(colours, ones, groups=3, **layer))  # each colour by itself
    counts = np.asarray(conv_transpose(np.ones_like(colours), ones, groups=3, **layer))[..., 0]
    return Glass(setting, sums.astype(np.int64), counts.astype(np.int64))
