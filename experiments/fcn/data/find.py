"""The pictures and masks of a data set, found as its layout says."""

from collections.abc import Iterable
from pathlib import Path

from experiments.errors import UserError, as_user_error, check
from experiments.fcn.data.config import Source
from experiments.fcn.data.layouts import LAYOUTS, Layout
from experiments.fcn.data.pairs import EXTENSIONS, Found, Pair, pair_up, split_by_name
from jtconv.weights._nearest import nearest

Paired = tuple[list[Pair], list[UserError]]


def layout_of(source: Source) -> Layout:
    """The one that is named, or that the folder looks like."""
    if not source.data.is_dir():
        what = "is not a folder" if source.data.exists() else nearest(source.data)
        raise UserError(source.data, what, "give the data set's folder as --data")
    check(source, "layout", source.layout in ("auto", *LAYOUTS), "one of auto, " + ", ".join(LAYOUTS))
    marked = (name for name, row in LAYOUTS.items() if any((source.data / mark).is_dir() for mark in row.marks))
    return LAYOUTS[next(marked, "folder") if source.layout == "auto" else source.layout]


def find(source: Source) -> Found:
    """Raises `UserError` where not even the folders are as they should be."""
    layout = layout_of(source)
    if not layout.image_files:
        return find_folder(source)
    train, test = source.train_split or layout.splits[0], source.test_split or layout.splits[1]
    if layout.shares and source.test_split is None and not place(mask_files(source, layout, test))[0].is_dir():
        return shared(source, *find_split(source, layout, train))
    return joined(*(find_split(source, layout, split) for split in (train, test)))


def find_split(source: Source, layout: Layout, split: str) -> Paired:
    images, image_suffix = place(filled(layout.image_files, source, layout, split))
    masks, mask_suffix = place(mask_files(source, layout, split))
    if layout.lists:
        return read_list(source.data / layout.lists.format(split=split), images, masks, source.data)
    return pair_up(images, masks, image_suffix, mask_suffix if source.mask_suffix is None else source.mask_suffix)


def filled(files: str, source: Source, layout: Layout, split: str) -> Path:
    names = {"images": source.images or layout.images, "masks": source.masks or layout.masks}
    return source.data / files.format(split=split, **names)


def mask_files(source: Source, layout: Layout, split: str) -> Path:
    """The first that there are, else the last."""
    *firsts, last = (filled(files, source, layout, split) for files in layout.mask_files)
    return next((files for files in firsts if files.parent.is_dir()), last)


def place(files: Path) -> tuple[Path, str]:
    """The folder and the suffix of "folder/*suffix"."""
    return files.parent, files.name.removeprefix("*")


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
    """Say in words which folders there are to name."""
    if not folder.is_dir():
        return f"{folder} does not exist"
    names = sorted(x.name for x in folder.iterdir() if x.is_dir())
    return f"{folder.name} holds " + (", ".join(names[:10]) if names else "no folders")


def read_list(file: Path, images: Path, masks: Path, root: Path) -> Paired:
    remedy = "give the folder that holds ImageSets, such as VOCdevkit/VOC2012, and a list of it as split"
    with as_user_error(file, "is no list that can be read", remedy):
        lines = file.read_text(encoding="utf-8").splitlines()
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


def joined(train: Paired, test: Paired) -> Found:
    """A picture in both is a problem: it would be learnt by heart before it is scored."""
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
