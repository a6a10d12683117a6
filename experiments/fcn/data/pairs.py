"""Pictures and their masks, found by their names."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError

EXTENSIONS = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pcx"),
    *(".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
Pictures = Mapping[str, Path]  # by name


class Pair(NamedTuple):
    """A picture and its mask on disk."""

    name: str
    image: Path
    mask: Path


class Found(NamedTuple):
    """The files of a data set."""

    train: Sequence[Pair]
    test: Sequence[Pair]  # held out: the best parameters are chosen by them
    problems: Sequence[UserError] = ()  # pictures without masks, masks without pictures, …
    kept: Sequence[Pair] = ()  # aside: used by nothing but `evaluate --split test`


def pictures_in(folder: Path, suffix: str = "") -> tuple[dict[str, Path], list[UserError]]:
    """Pictures at any depth by their path below `folder`, without `suffix` and the extension.

    Those whose name does not end in `suffix` are left out, and so are hidden files. The problems
    are the pictures whose name is taken. Raises `UserError` if there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(folder, "is not a folder", "name the folder with --data, --images, --masks or the splits")
    pictures, problems = {}, []
    for file in walk(folder):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if not name.endswith(suffix):
            continue
        name = name.removesuffix(suffix)
        if name in pictures:
            problems.append(
                UserError(file, f"has the name of {pictures[name].name}", "rename or remove one of the two")
            )
        pictures.setdefault(name, file)
    return pictures, problems


def walk(folder: Path) -> list[Path]:
    """The pictures below `folder`, in an order that is the same on every machine."""
    files = (Path(parent, name) for parent, _, names in os.walk(folder, followlinks=True) for name in names)
    return sorted(file for file in files if is_picture(file))


def is_picture(file: Path) -> bool:
    """Whether a name is a picture's; "._x.png" is a note of macOS."""
    return file.suffix.lower() in EXTENSIONS and not file.name.startswith(".")


def pair_up(
    images: Path, masks: Path, image_suffix: str = "", mask_suffix: str = ""
) -> tuple[list[Pair], list[UserError]]:
    """The pictures that have a mask of their name, and a problem for each other one, and mask."""
    of_images, problems = pictures_in(images, image_suffix)
    of_masks, more = pictures_in(masks, mask_suffix)
    problems += more
    problems += missing(of_images, of_masks, "mask", masks, mask_suffix)
    problems += missing(of_masks, of_images, "picture", images, image_suffix)
    return [Pair(name, of_images[name], of_masks[name]) for name in of_images if name in of_masks], problems


def missing(these: Pictures, those: Pictures, what: str, folder: Path, suffix: str) -> list[UserError]:
    """A problem for each of `these` that is not among `those`, which are in `folder`."""
    return [
        UserError(file, f"has no {what} {folder / name}{suffix}.*", "add it, or remove the one there is")
        for name, file in these.items()
        if name not in those
    ]


def split_by_name(
    pairs: Sequence[Pair], held_out: float, test_share: float = 0.0
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """To train on, held out, and kept aside: a function of each name alone, whatever else is in the folder.

    The last is cut from the other end of the names' numbers, so that the held-out ones are the same with and without.
    """
    parts: tuple[list[Pair], list[Pair], list[Pair]] = [], [], []
    for pair in pairs:
        share = share_of(pair.name)
        parts[1 if share < held_out else 2 if share >= 1 - test_share else 0].append(pair)
    return parts


def share_of(name: str) -> float:
    """A number in [0, 1) that is the name's for ever: Python's own hash changes with every start."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / 2**48
