"""M2NIST as it is published: combined.npy (n, 64, 84) and segmented.npy (n, 64, 84, 11)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.fcn8.problem import Problem
from experiments.fcn8.scenes import HEIGHT, NUM_CLASSES, WIDTH, Scenes

REMEDY = "put M2NIST's combined.npy and segmented.npy there again, or leave out --data"
CHUNK = 256  # scenes converted at once: segmented.npy may be several gigabytes of float64


def load_m2nist(folder: Path) -> Scenes:
    """All scenes, in the order of the files; images in [0, 1]."""
    combined = open_array(folder / "combined.npy", (HEIGHT, WIDTH), "u")
    segmented = open_array(folder / "segmented.npy", (HEIGHT, WIDTH, NUM_CLASSES), "buif")
    if len(combined) != len(segmented):
        what = f"holds {len(segmented)} scenes and combined.npy {len(combined)}"
        raise Problem(folder / "segmented.npy", what, REMEDY)
    images = combined[..., None].astype(np.float32) / np.float32(255)
    return Scenes(images, class_of_each_pixel(segmented))


def open_array(file: Path, shape: tuple[int, ...], kinds: str) -> NDArray:
    """The array of `file`, memory-mapped, if it is (n, *shape) with a dtype of one of `kinds`."""
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise Problem(file, "does not exist", REMEDY) from None
    except (OSError, ValueError, EOFError) as error:
        raise Problem(file, "is damaged or no .npy file", REMEDY) from error
    if array.shape[1:] != shape or array.dtype.kind not in kinds:
        expected = f"(n, {', '.join(map(str, shape))})"
        what = f"holds {array.dtype} {array.shape}, but M2NIST has {expected} of plain numbers"
        raise Problem(file, what, REMEDY)
    if len(array) < 2:
        raise Problem(file, "holds too few scenes to train on some and test on others", REMEDY)
    return array


def class_of_each_pixel(segmented: NDArray) -> NDArray[np.int32]:
    """The index of the plane that is set; background where none is."""
    labels = np.empty(segmented.shape[:-1], np.int32)
    for start in range(0, len(segmented), CHUNK):
        planes = np.array(segmented[start : start + CHUNK], np.float32)
        planes[..., -1] += 0.5 * ~planes.any(-1)
        labels[start : start + CHUNK] = planes.argmax(-1)
    return labels
