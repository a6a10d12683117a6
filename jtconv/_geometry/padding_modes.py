"""The padding modes, one row each: which position of the input each padded position copies.

A new mode is one more row. All code that depends on a mode reads this table: the rows of the matrix, padding and its
transpose, the halos of images cut over devices, the command line's choices and the explorer's page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PaddingMode:
    """A rule that fills the padding.

    Attributes:
      source: (positions, size) -> the position that each one copies, -1 for a zero.
      numpy_name: `mode` of `numpy.pad`.
      min_size: minimum number of positions of an axis that can be padded.
      repeats: whether the padded axis repeats with a period, so that it can be longer than the input.
      wraps: whether the padding copies from the opposite end of the axis.
    """

    source: Callable[[Any, int], Any]
    numpy_name: str
    min_size: int = 1
    repeats: bool = False
    wraps: bool = False

    @property
    def copies(self) -> bool:
        """Whether the padding holds copies of the input. The transpose adds these back to their sources."""
        return self.numpy_name != "constant"


# The rules are arithmetic alone, so that they take integers, arrays of NumPy and of JAX, and can be translated for the
# explorer's page.


def _zeros(position: Any, size: int) -> Any:
    return (position + 1) * (position >= 0) * (position < size) - 1


def _circular(position: Any, size: int) -> Any:
    return position % size


def _reflect(position: Any, size: int) -> Any:
    """Reflect without repeating the edge: the period is 2(size - 1)."""
    last = size - 1
    return last - abs(position % (2 * last + (size == 1)) - last)


def _replicate(position: Any, size: int) -> Any:
    """Clip to [0, size - 1]: (|p| - |p - last| + last) / 2 is 0 before it, `last` beyond it and p inside."""
    last = size - 1
    return (abs(position) - abs(position - last) + last) // 2


PADDING_MODES = {
    "zeros": PaddingMode(_zeros, "constant"),
    "circular": PaddingMode(_circular, "wrap", repeats=True, wraps=True),
    "reflect": PaddingMode(_reflect, "reflect", min_size=2, repeats=True),
    "replicate": PaddingMode(_replicate, "edge"),
}


def into_range(position: Any, size: int, mode: str) -> Any:
    """Position of the input that each position of the padded axis copies; -1 where it is zero.

    An integer or an array of NumPy or JAX, as `position` is.
    """
    return PADDING_MODES[mode].source(position, size)
