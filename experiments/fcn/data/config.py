"""The settings of a run on people's own pictures."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from experiments.errors import UserError, as_user_error, check
from experiments.fcn import config
from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.labels import MAX_CLASSES, VALUES
from experiments.fcn.data.layouts import LAYOUTS
from experiments.files import resolve

if TYPE_CHECKING:
    LayoutName = str
else:
    LayoutName = tyro.extras.literal_type_from_choices(("auto", *LAYOUTS))
LAYOUT_HELP = "\n".join(
    [
        "How the folder is laid out.",
        "auto: found out from what is in it.",
        *(f"{name}: {layout.words}" for name, layout in LAYOUTS.items()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """The place of pictures and masks, and the meaning of the masks.

    A mask is a picture of its image's size whose values are classes: a palette's indices, or greys.
    """

    data: Path
    """Folder of the data set."""
    layout: Annotated[LayoutName, tyro.conf.arg(help=LAYOUT_HELP)] = "auto"
    images: str | None = None
    """Folder of the pictures within --data, where it is not the layout's own (folder, voc)."""
    masks: str | None = None
    """Folder of the masks within --data, where it is not the layout's own (folder, voc, cityscapes)."""
    mask_suffix: str | None = None
    """Ending of a mask's name after its picture's, such as _mask."""
    train_split: str | None = None
    """Folder or list to train on, where it is not the layout's own (most have train)."""
    val_split: str | None = None
    """Folder or list held out to choose the best by, where it is not the layout's own (most have val)."""
    test_split: str | None = None
    """Folder or list kept aside for `evaluate --split test`; a folder test/ is, where folder is the layout."""
    held_out: float = 0.2
    """Share of the pictures that is held out where the folder names none. Chosen by their names."""
    test_share: float = 0.0
    """Share of the pictures that is kept aside for `evaluate --split test`. Chosen by their names."""
    channels: Literal[1, 3, 4] = 3
    """Channels that pictures are read as: 1 grey, 3 colours, 4 colours and alpha."""
    classes: Path | None = None
    """Text file with a class's name per line, in order; a colour #rrggbb may follow each. Instead of the layout's."""
    num_classes: int | None = None
    """Number of classes, for which names are made up. Neither this nor --classes: all masks are read to count."""
    label_map: tuple[str, ...] = ()
    """Classes of a mask's values: 255=1 7=ignore, or a JSON file with the like. Other values stay as they are."""
    reduce_zero_label: bool = False
    """Value 0 is to be ignored, and the others are one higher than their class."""
    ignore: tuple[int, ...] = (255,)
    """Values of pixels that count neither in the loss nor in a score."""
    mask_channel: Literal["red", "green", "blue"] | None = None
    """The channel that holds the class, in masks of three channels."""

    def __post_init__(self) -> None:
        resolve(self, "data", "classes")
        full = tuple(os.path.realpath(x) if x.endswith(".json") else x for x in self.label_map)
        object.__setattr__(self, "label_map", full)

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check(self, "held_out", 0 < self.held_out < 1, "in (0, 1)")
        few = 0 <= self.test_share < 1 - self.held_out
        check(self, "test_share", few, "at least 0, and with `held_out` below 1, so that there is a rest to train on")
        few = self.num_classes is None or 2 <= self.num_classes <= MAX_CLASSES
        check(self, "num_classes", few, f"2 to {MAX_CLASSES}, the background among them")
        one = self.num_classes is None or self.classes is None
        check(self, "num_classes", one, "left out where --classes is given")
        check(self, "ignore", all(0 <= x < VALUES for x in self.ignore), f"values in [0, {VALUES})")
        read_label_map([entry for entry in self.label_map if not entry.endswith(".json")])


def read_label_map(entries: Sequence[str]) -> dict[int, int | None]:
    """Value -> class, None for "ignore", from "7=1" or the names of JSON files.

    Raises ValueError for a pair out of bounds, `UserError` for a file that is no JSON object.
    """
    result = {}
    for entry in entries:
        value, _, label = entry.partition("=")
        pairs = json_pairs(Path(entry)) if entry.endswith(".json") else {value: label}
        result |= dict(label_pair(*pair) for pair in pairs.items())
    return result


def json_pairs(file: Path) -> Mapping[str, object]:
    remedy = 'give --label-map a JSON file such as {"7": 1, "8": "ignore"}'
    with as_user_error(file, "cannot be read as JSON ({error})", remedy):
        pairs = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(pairs, dict):
        raise UserError(file, f"holds a {type(pairs).__name__}", remedy)
    return pairs


def label_pair(value: str, label: object) -> tuple[int, int | None]:
    try:
        key, result = int(value), None if label in ("ignore", None) else int(str(label))
    except ValueError:
        key, result = -1, None
    if not 0 <= key < VALUES or not 0 <= (result or 0) < MAX_CLASSES:
        rule = f"pairs value=class such as 7=1 or 7=ignore, value below {VALUES:,} and class below {MAX_CLASSES}"
        raise ValueError(f"`label_map` must be {rule}, got {value}={label}.")
    return key, result


@dataclass(frozen=True, kw_only=True)
class FolderConfig(config.Config):
    """The settings of a run, and of the pictures that it is about."""

    source: tyro.conf.OmitArgPrefixes[Source]
    augmentation: tyro.conf.OmitArgPrefixes[Augmentation] = field(default_factory=Augmentation)
    preprocessing: Literal["torch", "keras"] = "torch"
    """Whose VGG-16 pictures are scaled for: torch (and timm), or keras."""

    def __post_init__(self) -> None:
        self.source.check()
        self.augmentation.check()
        super().__post_init__()
