"""The values of masks in colours: of red, green and blue, or of a palette."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.errors import UserError

IGNORED_VALUE = 0xFFFF  # of a colour that is no class
SHOWN = 5  # colours or values in a message
SMOOTHED = 20  # more colours than that come of JPEG or of smoothing rather than of a person
REMEDY = "add them to --classes, or draw the mask again without smoothing"
PALETTE_REMEDY = (
    "add them to --classes, as `ignore #rrggbb` where they are no class, or leave all colours out of it: the palette's "
    "indices are then the classes"
)


class Legend(NamedTuple):
    """The colours of one's own classes, by which palettes are read as well."""

    classes: tuple[str, ...]  # "name #rrggbb", for messages
    void: frozenset[int] = frozenset()  # indices that are ignored where their colour is no class's


def values_of_palette(
    image: Image.Image, colours: Mapping[str, int], legend: Legend, file: Path
) -> NDArray[np.integer]:
    """The value of each pixel by its colour; the palette's indices say only what is void.

    An ignored index whose colour another index has too stays ignored: tools fill palettes up with black.
    Raises `UserError` for colours that have no value.
    """
    indices = np.asarray(image)
    indices = indices if image.mode == "P" else indices[..., 0]  # PA: the other is alpha
    palette = np.array(image.getpalette("RGB"), np.int32).reshape(-1, 3)
    keys = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in palette]
    keys += [f"of index {i}, which the palette lacks" for i in range(len(keys), 256)]
    proper = {key for i, key in enumerate(keys) if i not in legend.void}
    values = [
        IGNORED_VALUE if i in legend.void and (key in proper or key not in colours) else colours.get(key, -1)
        for i, key in enumerate(keys)
    ]
    result = np.array(values, np.int32)[indices]
    if (strange := result < 0).any():
        found, counts = np.unique(indices[strange], return_counts=True)
        raise unknown([keys[i] for i in found], counts, legend.classes, PALETTE_REMEDY, file)
    return result


def look_up(
    image: NDArray[np.uint8], colours: Mapping[str, int], legend: Legend | None, file: Path
) -> NDArray[np.int32]:
    """The value of each pixel's colour (h, w, 3). Raises `UserError` for colours that have none."""
    code = image.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    known = sorted((int(colour[1:], 16), value) for colour, value in colours.items())
    keys, values = np.array(known, np.int32).T
    place = np.minimum(np.searchsorted(keys, code), len(keys) - 1)
    if (strange := keys[place] != code).any():
        found, counts = np.unique(code[strange], return_counts=True)
        names = [f"#{x:06x}" for x in found]
        raise unknown(names, counts, legend.classes if legend else tuple(colours), REMEDY, file)
    return values[place]


def unknown(
    names: list[str], counts: NDArray[np.integer], classes: tuple[str, ...], remedy: str, file: Path
) -> UserError:
    """These colours of the mask in `file` are no class's."""
    what = "has colours that no class has: " + some(names, counts)
    smoothed = " (so many come of JPEG, or of smoothing)" if len(names) > SMOOTHED else ""
    more = f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else ""
    return UserError(file, f"{what}{smoothed}; the classes have {', '.join(classes[:SHOWN])}{more}", remedy)


def some(names: list[str], counts: NDArray[np.integer]) -> str:
    """The most frequent ones, each with its count."""
    order = np.argsort(-counts, kind="stable")
    shown = [f"{names[i]} ({counts[i]:,} pixel{'s' if counts[i] > 1 else ''})" for i in order[:SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
