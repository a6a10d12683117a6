"""A data set as the settings and its layout have it: which files, and how they are read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.fcn.data.class_file import ClassFile, read_class_file
from experiments.fcn.data.colours import IGNORED_VALUE, Legend
from experiments.fcn.data.config import Source, read_label_map
from experiments.fcn.data.find import find, layout_of
from experiments.fcn.data.labels import VOID, Table, count_classes, labels_of, make_table
from experiments.fcn.data.pairs import Found, Pair
from experiments.fcn.data.presets import Preset, colours_for
from experiments.fcn.data.reading import is_turned, read_image, read_mask
from experiments.fcn.data.scan import count_values, in_threads
from experiments.fcn.task import Classes, Sample

MISMATCH = "draw the mask on the picture as it is, or remove both"


class Reader(NamedTuple):
    """The reading of files."""

    channels: int
    colours: Mapping[str, int]  # "#rrggbb" -> value of a mask
    mask_channel: str | None
    table: Table  # value -> class, however high, or VOID
    legend: Legend | None = None  # where one's own classes have colours

    def image(self, pair: Pair) -> NDArray[np.uint8]:
        """(h, w, channels)"""
        return read_image(pair.image, self.channels)

    def values(self, pair: Pair) -> NDArray[np.integer]:
        """(h, w), what the mask has."""
        return read_mask(pair.mask, self.colours, self.mask_channel, self.legend)

    def sample(self, pair: Pair, bounded_table: Table, num_classes: int) -> Sample:
        """Raises `UserError` where a file is at fault, or the two do not go together."""
        image, values = self.image(pair), self.values(pair)
        check_sizes(pair, image.shape[:2], values.shape)
        return Sample(image, labels_of(values, bounded_table, num_classes, pair.mask), pair.name)


class Dataset(NamedTuple):
    """The files, and how they are read."""

    found: Found
    reader: Reader
    classes: Classes | None  # None: to be counted


def check_sizes(pair: Pair, image: tuple[int, ...], mask: tuple[int, ...]) -> None:
    """Raise `UserError` unless both sizes (h, w) are the same."""
    if image != mask:
        turned = why_turned(pair) if image == mask[::-1] else ""
        what = f"is {mask[1]}×{mask[0]} pixels, but its picture {pair.image} is {image[1]}×{image[0]}{turned}"
        raise UserError(pair.mask, what, MISMATCH)


def why_turned(pair: Pair) -> str:
    """Say which of the two files has EXIF data that turn it; nothing if none or both have."""
    picture, mask = is_turned(pair.image), is_turned(pair.mask)
    if picture == mask:
        return ""
    one, other = ("picture", "mask") if picture else ("mask", "picture")
    return f" (the {one}'s EXIF data turn it, the {other}'s do not)"


def open_dataset(source: Source) -> Dataset:
    """Find the files. Raises `UserError` where not even the folders are as they should be."""
    preset = layout_of(source).preset
    own = read_class_file(source.classes) if source.classes else None
    label_map = label_map_of(source, own, preset)
    table = make_table({IGNORED_VALUE: None, **label_map}, source.ignore, source.reduce_zero_label)
    colours, legend = own_colours(own, table) if own and own.values else (preset.colours, None)
    reader = Reader(source.channels, colours, source.mask_channel or preset.mask_channel, table, legend)
    return Dataset(find(source), reader, classes_of(source, own, preset))


def own_colours(own: ClassFile, table: Table) -> tuple[Mapping[str, int], Legend]:
    """The value of each colour: one that `table` has its class for, since that is for masks without colours too."""
    value_of = dict(zip(*(x.tolist() for x in np.unique(table, return_index=True)), strict=True))
    values = {colour: value_of.get(label, label) for colour, label in own.values.items() if label != IGNORED_VALUE}
    ignored = {colour: value for colour, value in own.values.items() if value == IGNORED_VALUE}
    classes = tuple(f"{name} {colour}" for name, colour in zip(own.names, own.colours or (), strict=True))
    return values | ignored, Legend(classes, frozenset(np.flatnonzero(table[:256] == VOID).tolist()))


def label_map_of(source: Source, own: ClassFile | None, preset: Preset) -> Mapping[int, int | None]:
    """The map of --label-map, else the preset's if the classes are as many as the preset's."""
    if source.label_map:
        return read_label_map(source.label_map)
    number = len(own.names) if own else source.num_classes
    others = number is not None and preset.classes is not None and number != len(preset.classes.names)
    return {} if others else preset.label_map


def classes_of(source: Source, own: ClassFile | None, preset: Preset) -> Classes | None:
    """The classes of --classes, else as many as --num-classes, else the preset's, else None."""
    if own:
        background = background_of(own.names)
        return Classes(own.names, own.colours or colours_for(len(own.names), background), background)
    return numbered(source.num_classes) if source.num_classes else preset.classes


def background_of(names: Sequence[str]) -> int | None:
    """The class that is called so, if there is one."""
    return next((i for i, name in enumerate(names) if name.lower() in ("background", "bg")), None)


def numbered(num_classes: int) -> Classes:
    """Names and colours for classes that come without."""
    return Classes(tuple(f"class {i}" for i in range(num_classes)), colours_for(num_classes, None))


def counted(dataset: Dataset, source: Source) -> Classes:
    """The classes that the masks have: all of them are read. Raises `UserError` unless they are 0, 1, …"""
    pairs = [*dataset.found.train, *dataset.found.test, *dataset.found.kept]
    seen: set[int] = set()
    for values in in_threads(lambda pair: count_values(dataset.reader.values(pair)).keys(), pairs, "counting classes"):
        seen |= values
    return numbered(count_classes(sorted(seen), dataset.reader.table, source.data))


def check_sound(found: Found, source: Source) -> None:
    """Raise the first `UserError`, if there is any."""
    if found.problems:
        first = str(found.problems[0]).removesuffix(".")
        what = f"has {len(found.problems)} files without their like, or at fault otherwise. The first: {first}"
        raise UserError(source.data, what, "python -m experiments.fcn check-data lists them all")


def check_found(found: Found, source: Source) -> None:
    """Raise the first `UserError`, if there is any, or if there is nothing to train on or to hold out."""
    check_sound(found, source)
    for pairs, what in ((found.train, "to train on"), (found.test, "that are held out")):
        if not pairs:
            raise UserError(source.data, f"has no pictures {what}", "add some with their masks, or change --held-out")
