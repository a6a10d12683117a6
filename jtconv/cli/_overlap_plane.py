"""`Plane`: the contributions on one or two axes, which `jtconv overlap` draws."""

from dataclasses import dataclass
from math import prod

import numpy as np

from jtconv._explain.explain import Explanation
from jtconv._geometry.words import by


@dataclass(frozen=True)
class Plane:
    """Contributions to draw.

    Attributes:
      counts: number of contributions, (rows, columns); one row for a layer of one axis.
      axes: the spatial axes of the rows and of the columns; the first is None for a single row.
      title, subtitle: the number of positions; the layer, and the position on the other axes.
    """

    counts: np.ndarray
    axes: tuple[int | None, int]
    title: str
    subtitle: str


def plane_of(layer: Explanation) -> Plane:
    """The last two axes, at the middle of the others; or the only axis."""
    ndim = layer.geometry.ndim
    if ndim == 0:
        raise ValueError(
            "a layer without spatial axes has no overlap to draw. Give `--input-size` and `--kernel-size`."
        )
    *outer, columns = layer.overlap
    rows = outer.pop() if outer else (1,)
    middles = [len(counts) // 2 for counts in outer]
    factor = prod(counts[middle] for counts, middle in zip(outer, middles, strict=True))
    geometry = layer.geometry
    words = [f"kernel {by(geometry.kernel_size)}", f"strides {by(geometry.strides)}"]
    words += [f"dilation {by(geometry.dilation)}"] if max(geometry.dilation) > 1 else []
    words += [f"at position {middle} of axis {axis}" for axis, middle in enumerate(middles)]
    return Plane(
        factor * np.outer(rows, columns),
        (ndim - 2 if ndim > 1 else None, ndim - 1),
        f"Contributions to each of the {by(layer.transposed_size)} positions of the result",
        ", ".join(words),
    )
