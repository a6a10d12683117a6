"""One array of a file, seen before it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Entry:
    """What a file says of one array, and how to read it: `np.asarray(entry)`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        size = self.dtype.itemsize
        for n in self.shape:  # Python's integers: a shape may be made up
            size *= int(n)
        return size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.read(), dtype)
