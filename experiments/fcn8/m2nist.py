"""M2NIST as it is published: combined.npy (n, 64, 84) and segmented.npy (n, 64, 84, 11)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.fcn8.scenes import BACKGROUND, HEIGHT, NUM_CLASSES, WIDTH, Scenes

REMEDY = "put M2NIST's combined.npy and segmented.npy there again, or leave out --data"
CHUNK = 256  # scenes converted at once: segmented.npy may be several gigabytes of float64


def load_m2nist(folder: Path) -> Scenes:
    """All scenes, in the order of the files; images in [0, 1]."""
    combined = open_array(folder / "combined.npy", (HEIGHT, WIDTH), (np.uint8,))
    segmented = open_array(folder / "segmented.npy", (HEIGHT, WIDTH, NUM_CLASSES), (np.bool_, np.integer, np.floating))
    if len(combined) != len(segmented):
        what = f"holds {len(segmented)} scenes and combined.npy {len(combined)}"
        raise UserError(folder / "segmented.npy", what, REMEDY)
    images = combined[..., None].astype(np.float32) / np.float32(255)
    return Scenes(images, class_of_each_pixel(segmented, folder / "segmented.npy"))


def open_array(file: Path, shape: tuple[int, ...], kinds: tuple[type, ...]) -> NDArray:
    """The array of `file`, memory-mapped, if it is (n, *shape) with a dtype of one of `kinds`."""
    try:
        array = np.lib.format.open_memmap(file, mode="r")
    except FileNotFoundError:
        raise UserError(file, "does not exist", REMEDY) from None
    except Exception as error:  # NumPy evaluates the header as Python, which fails in many ways
        raise UserError(file, "is damaged or no .npy file", REMEDY) from error
    if array.shape[1:] != shape or not any(np.issubdtype(array.dtype, kind) for kind in kinds):
        expected = f"(n, {', '.join(map(str, shape))})"
        wanted = " or ".join(kind.__name__ for kind in kinds)
        what = f"holds {array.dtype} {array.shape}, but M2NIST has {expected} of {wanted}"
        raise UserError(file, what, REMEDY)
    if len(array) < 2:
        raise UserError(file, "holds too few scenes to train on some and test on others", REMEDY)
    return array


def class_of_each_pixel(segmented: NDArray, file: Path) -> NDArray[np.int32]:
    """The index of the plane that is set; background where none is.

    Raises `UserError` with `file` where a pixel's planes are negative, not finite, or set twice.
    """
    labels = np.empty(segmented.shape[:-1], np.int32)
    for start in range(0, len(segmented), CHUNK):
        planes = np.asarray(segmented[start : start + CHUNK])
        is_set = planes != 0
        count = is_set.sum(-1)
        if not (np.isfinite(planes) & (planes >= 0)).all():
            raise UserError(file, "holds values that are negative or not finite", REMEDY)
        if (count > 1).any():
            raise UserError(file, "holds pixels with more than one class", REMEDY)
        labels[start : start + CHUNK] = np.where(count, is_set.argmax(-1), BACKGROUND)
    return labels
