"""Where the pictures and masks of a data set are, layout by layout."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError
from experiments.fcn.data.config import Source
from experiments.fcn.data.pairs import EXTENSIONS, Found, Pair, pair_up, split_by_name
from experiments.fcn.data.presets import CAMVID, CITYSCAPES, FOLDER, KERAS, VOC, Preset

Folders = tuple[Path, Path]  # of pictures and of masks


class Layout(NamedTuple):
    """How a data set is laid out, and what it says of its classes."""

    find: Callable[[Source], Found]
    preset: Preset


def find_folder(source: Source) -> Found:
    """images/ and masks/, with train/ and val/ in them or around them, or with neither."""
    images, masks = source.images or "images", source.masks or "masks"
    train, test = source.train_split or "train", source.test_split or "val"
    root, suffix = source.data, source.mask_suffix or ""
    within = [(root / images / split, root / masks / split) for split in (train, test)]
    around = [(root / split / images, root / split / masks) for split in (train, test)]
    for folders in (within, around):
        if folders[0][0].is_dir():
            return joined(*(pair_up(*both, "", suffix) for both in folders))
        if source.train_split is None and folders[1][0].is_dir():  # a test set alone: there is nothing to train on
            return joined(([], []), pair_up(*folders[1], "", suffix))
    for split, folders in ((source.train_split, within[0]), (source.test_split, within[1])):
        if split is not None:  # rather than some other share of the pictures
            raise UserError(folders[0], "is not a folder", f"give a split that is one; {contents(root / images)}")
    for folder in (root / images, root / masks):
        if not folder.is_dir():
            raise UserError(folder, "is not a folder", f"name it with --images or --masks; {contents(root)}")
    return shared(source, *pair_up(root / images, root / masks, "", suffix))


def contents(folder: Path) -> str:
    """In words: what folders there are to name."""
    if not folder.is_dir():
        return f"{folder} does not exist"
    names = sorted(x.name for x in folder.iterdir() if x.is_dir())
    return f"{folder.name} holds " + (", ".join(names[:10]) if names else "no folders")


def find_voc(source: Source) -> Found:
    """ImageSets/Segmentation/{train,val}.txt: names of pictures and masks, or the paths of both."""
    images, masks = (source.data / (source.images or "JPEGImages"), source.data / (source.masks or "SegmentationClass"))
    lists = [source.train_split or "train", source.test_split or "val"]
    files = [source.data / "ImageSets" / "Segmentation" / f"{name}.txt" for name in lists]
    return joined(*(read_list(file, images, masks, source.data) for file in files))


def read_list(file: Path, images: Path, masks: Path, root: Path) -> tuple[list[Pair], list[UserError]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        remedy = "give the folder that holds ImageSets, such as VOCdevkit/VOC2012, and a list of it as split"
        raise UserError(file, "is no list that can be read", remedy) from None
    pairs, problems = [], []
    for words in filter(None, map(str.split, lines)):
        paths = (images / words[0], masks / words[0]) if len(words) == 1 else [root / x.lstrip("/") for x in words[:2]]
        image, mask = map(existing, paths)
        absent = [path for path in (image, mask) if not path.is_file()]
        problems += [
            UserError(file, f"names {path}, which does not exist", "add it, or strike it out") for path in absent
        ]
        pairs += [] if absent else [Pair(Path(words[0]).stem, image, mask)]
    return pairs, problems


def existing(path: Path) -> Path:
    """The path, with an extension of a picture's if need be; as it is if there is none such."""
    candidates = (path, *(path.parent / (path.name + extension) for extension in EXTENSIONS))
    return next((x for x in candidates if x.is_file()), path)


def find_camvid(source: Source) -> Found:
    """train/ with trainannot/ (indices) or train_labels/ (colours, named …_L), and test/ likewise."""
    found = []
    for split in (source.train_split or "train", source.test_split or "test"):
        indices, colours = source.data / f"{split}annot", source.data / f"{split}_labels"
        masks, suffix = (indices, "") if indices.is_dir() else (colours, "_L")
        suffix = suffix if source.mask_suffix is None else source.mask_suffix
        found.append(pair_up(source.data / split, masks, "", suffix))
    return joined(*found)


def find_cityscapes(source: Source) -> Found:
    """leftImg8bit/train/city/…_leftImg8bit.png with gtFine/train/city/…_gtFine_labelIds.png, and val."""
    masks = source.masks or "gtFine"
    found = []
    for split in (source.train_split or "train", source.test_split or "val"):
        folders = source.data / "leftImg8bit" / split, source.data / masks / split
        found.append(pair_up(*folders, "_leftImg8bit", f"_{masks}_labelIds"))
    return joined(*found)


def find_keras(source: Source) -> Found:
    """images_prepped_train/ and annotations_prepped_train/, and test, or else a share held out."""
    train, test = (
        (source.data / f"images_prepped_{split}", source.data / f"annotations_prepped_{split}")
        for split in (source.train_split or "train", source.test_split or "test")
    )
    if source.test_split is None and not test[1].is_dir():
        return shared(source, *pair_up(*train))
    return joined(pair_up(*train), pair_up(*test))


def joined(train: tuple[list[Pair], list[UserError]], test: tuple[list[Pair], list[UserError]]) -> Found:
    """What is in both is a problem: it would be learnt by heart before it is scored."""
    known = {pair.image for pair in train[0]}
    both = [
        UserError(
            pair.image, "is among the pictures to train on and the held-out ones", "take it out of one of the two"
        )
        for pair in test[0]
        if pair.image in known
    ]
    return Found(train[0], test[0], [*train[1], *test[1], *both])


def shared(source: Source, pairs: list[Pair], problems: Iterable[UserError]) -> Found:
    return Found(*split_by_name(pairs, source.held_out), [*problems])


LAYOUTS = {
    "voc": Layout(find_voc, VOC),
    "camvid": Layout(find_camvid, CAMVID),
    "cityscapes": Layout(find_cityscapes, CITYSCAPES),
    "keras": Layout(find_keras, KERAS),
    "folder": Layout(find_folder, FOLDER),
}
# What a data set's folder has in it, in the order that is looked for.
MARKS = {
    "ImageSets/Segmentation": "voc",
    "leftImg8bit": "cityscapes",
    "images_prepped_train": "keras",
    "trainannot": "camvid",
    "train_labels": "camvid",
}


def layout_of(source: Source) -> Layout:
    """The one that is named, or that the folder looks like."""
    if not source.data.is_dir():
        raise UserError(source.data, "is not a folder", "give the data set's folder as --data")
    marked = (name for mark, name in MARKS.items() if (source.data / mark).is_dir())
    return LAYOUTS[next(marked, "folder") if source.layout == "auto" else source.layout]
