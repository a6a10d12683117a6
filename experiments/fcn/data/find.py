"""The pictures and masks of a data set, found as its layout says."""

from collections.abc import Sequence
from pathlib import Path

from experiments.errors import UserError, as_user_error, check
from experiments.fcn.data.config import Source
from experiments.fcn.data.layouts import LAYOUTS, Layout
from experiments.fcn.data.pairs import EXTENSIONS, Found, Pair, pair_up, split_by_name
from jtconv.weights._faults import nearest

Paired = tuple[list[Pair], list[UserError]]
Folders = tuple[Path, Path]  # of pictures and masks
NOTHING: Paired = [], []


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
    train, val = source.train_split or layout.splits[0], source.val_split or layout.splits[1]
    check_apart(source, train, val)
    of_train = find_split(source, layout, train)
    kept = NOTHING if source.test_split is None else find_split(source, layout, source.test_split)
    if layout.shares and source.val_split is None and not place(mask_files(source, layout, val))[0].is_dir():
        return shared(source, of_train, kept)
    return joined(source, of_train, find_split(source, layout, val), kept)


def check_apart(source: Source, train: str, val: str) -> None:
    """Raise ValueError if what is kept aside is used otherwise."""
    rule = f"another than what is trained on ({train}) and held out ({val}); --val-split names what is held out"
    check(source, "test_split", source.test_split not in (train, val), rule)


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
    """images/ and masks/, with train/, val/ and test/ in them or around them, or without."""
    root, images, masks = source.data, source.images or "images", source.masks or "masks"
    splits = source.train_split or "train", source.val_split or "val", source.test_split or "test"
    check_apart(source, *splits[:2])
    suffix = source.mask_suffix or ""
    within = [(root / images / split, root / masks / split) for split in splits]
    around = [(root / split / images, root / split / masks) for split in splits]
    for train, val, test in (within, around):
        trains, holds_out = train[0].is_dir(), val[0].is_dir()
        if not trains and (source.train_split is not None or not holds_out):
            continue
        there = test not in (train, val) and are_folders(*test)
        kept = pair_up(*test, "", suffix) if source.test_split or there else NOTHING
        of_train = pair_up(*train, "", suffix) if trains else NOTHING  # a held-out set alone: nothing to train on
        if not holds_out and source.val_split is None:
            return shared(source, of_train, kept)
        return joined(source, of_train, pair_up(*val, "", suffix), kept)
    return find_flat(source, within, around)


def find_flat(source: Source, within: Sequence[Folders], around: Sequence[Folders]) -> Found:
    """Neither train/ nor val/: shares of images/ and masks/, but for a test/ in them or beside them."""
    root, suffix = source.data, source.mask_suffix or ""
    images, masks = within[0][0].parent, within[0][1].parent
    named = source.train_split, source.val_split, None if are_folders(*around[2]) else source.test_split
    for split, folders in zip(named, within, strict=True):
        if split is not None and not folders[0].is_dir():  # rather than some other share of the pictures
            raise UserError(folders[0], "is not a folder", f"give a split that is one; {contents(images)}")
    kept = pair_up(*around[2], "", suffix) if are_folders(*around[2]) else NOTHING
    if kept[0] and not images.is_dir():
        return joined(source, NOTHING, NOTHING, kept)
    for folder in (images, masks):
        if not folder.is_dir():
            raise UserError(folder, "is not a folder", f"name it with --images or --masks; {contents(root)}")
    pairs, problems = pair_up(images, masks, "", suffix)
    inside = f"{within[2][0].name}/" if are_folders(*within[2]) else None
    within_test = [pair for pair in pairs if inside and pair.name.startswith(inside)]
    rest = [pair for pair in pairs if not (inside and pair.name.startswith(inside))]
    return shared(source, (rest, problems), ([*within_test, *kept[0]], kept[1]))


def are_folders(*folders: Path) -> bool:
    """Whether all are there."""
    return all(folder.is_dir() for folder in folders)


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


def joined(source: Source, train: Paired, val: Paired, kept: Paired) -> Found:
    """A picture in two parts is a problem: it would be learnt by heart before it is scored."""
    rest, _, aside = split_by_name(train[0], 0, source.test_share)
    parts = {"to train on": rest, "held out": val[0], "kept aside as test": [*aside, *kept[0]]}
    first: dict[Path, str] = {}
    both = []
    for words, pairs in parts.items():
        for image in (pair.image for pair in pairs):
            if first.setdefault(image, words) != words:
                what = f"is among the pictures {first[image]} and those {words}"
                both.append(UserError(image, what, "take it out of one of the two"))
    return Found(rest, val[0], [*train[1], *val[1], *kept[1], *both], parts["kept aside as test"])


def shared(source: Source, pairs: Paired, kept: Paired = NOTHING) -> Found:
    """Shares of `pairs` are held out and kept aside, besides what is `kept` anyway."""
    train, held, aside = split_by_name(pairs[0], source.held_out, source.test_share)
    return Found(train, held, [*pairs[1], *kept[1]], [*aside, *kept[0]])
