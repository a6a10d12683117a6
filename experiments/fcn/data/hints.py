"""What may be meant where masks do not hold classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.fcn.data.labels import VOID, apply

MANY = 20  # different values that no class has: more come of smoothing rather than of a person
JPEG = (".jpg", ".jpeg", ".jfif")


def hints(values: Mapping[int, int], table: np.ndarray, num_classes: int | None, masks: Sequence[Path]) -> list[str]:
    """Suggestions for masks with these `values`; `num_classes` is None where they could not be counted."""
    result = []
    if lossy := sum(mask.suffix.lower() in JPEG for mask in masks):
        result.append(f"{lossy:,} of the masks are JPEG files, which change values at every edge: draw them as PNG")
    label = dict(zip(values, apply(table, np.array(list(values), np.int64)).tolist(), strict=True))
    known = sorted(value for value in values if label[value] != VOID)
    strange = [value for value in known if num_classes is None or not 0 <= label[value] < num_classes]
    if set(values) == {0, 255} and label[255] == VOID:
        result.append("the masks hold nothing but 0 and 255, which is ignored: is it a class? Then --label-map 255=1")
    elif len(strange) > MANY:
        result.append(
            f"the masks have {len(strange)} different values that are no classes, as JPEG or smoothing make them: "
            "draw them without, and resize them by nearest neighbour only"
        )
    elif strange and known == list(range(1, len(known) + 1)):
        result.append("the masks begin at 1: are the classes one lower? Then --reduce-zero-label")
    elif (
        strange
        and len(known) <= (num_classes or MANY)
        and (moved := [f"{value}={i}" for i, value in enumerate(known) if value != i])
    ):
        meant = "is this meant: --label-map " + " ".join(moved)
        result.append(f"the masks hold nothing but {', '.join(map(str, sorted(values)))}: {meant}")
    return result
