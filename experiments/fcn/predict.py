"""Classes of people's own pictures: files in, files out."""

import glob
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.fcn.class_pictures import index_picture, overlay
from experiments.fcn.data.reading import read_image
from experiments.fcn.inference import classes_of
from experiments.fcn.saved_model import Model
from experiments.fcn.tiling import Tiling, classes_by_tiles, is_large
from experiments.problem import Problem

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
Say = Callable[[str], object]


class Wanted(NamedTuple):
    """A picture, and the name of its results without their endings."""

    file: Path
    name: str


def wanted(inputs: Sequence[str]) -> Iterator[Wanted]:
    """The pictures of files, of folders (with those below them) and of globs such as "scans/*.png".

    A folder's keep their places below it. Raises `Problem` for an input that holds none.
    """
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            found = [x for x in sorted(path.rglob("*")) if x.suffix.lower() in PICTURES and x.is_file()]
            yield from (Wanted(x, str(x.relative_to(path).with_suffix(""))) for x in found)
        elif path.exists() or not glob.has_magic(text):
            found = [path]  # where it does not exist, reading it says so
            yield Wanted(path, path.stem)
        else:
            found = [Path(x) for x in sorted(glob.glob(text, recursive=True)) if Path(x).is_file()]
            yield from (Wanted(x, x.stem) for x in found)
        if not found:
            raise Problem(path, "holds no pictures", f"name a picture ({', '.join(sorted(PICTURES))})")


def with_own_names(pictures: Sequence[Wanted]) -> list[Wanted]:
    """The same with endings in their names where two would have the same results: a.jpg and a.png."""
    counts: dict[str, int] = {}
    for picture in pictures:
        counts[picture.name] = counts.get(picture.name, 0) + 1
    named = [x if counts[x.name] == 1 else x._replace(name=f"{x.name}_{x.file.suffix[1:]}") for x in pictures]
    for i, picture in enumerate(named):
        for other in named[:i]:
            if other.name == picture.name and other.file != picture.file:
                what = f"and {other.file} would have the same results"
                raise Problem(picture.file, what, "predict them into different folders")
    return list(dict.fromkeys(named))


def predict(model: Model, pictures: Sequence[Wanted], out: Path, tiling: Tiling, say: Say) -> int:
    """Write the results of every picture into `out`; a picture at fault is reported and passed over.

    Returns how many were at fault.
    """
    failed = 0
    for i, picture in enumerate(pictures, 1):
        try:
            image = read_image(picture.file, model.signature.in_ch)
            classes = classes_with_notes(model, image, tiling, say)
            save_results(image, classes, model, out, picture.name)
        except Problem as problem:
            failed += 1
            say(f"[{i}/{len(pictures)}] {problem}")
        else:
            say(f"[{i}/{len(pictures)}] {picture.file}: {shares(classes, model)}")
    return failed


def classes_with_notes(model: Model, image: NDArray, tiling: Tiling, say: Say) -> NDArray[np.uint8]:
    """The classes of one picture; where it takes many tiles, how far they are is said."""
    if not is_large(image, tiling):
        return next(classes_of(model, [image]))
    height, width = image.shape[:2]
    return classes_by_tiles(model, image, tiling, lambda done: say(f"  {width}×{height} in tiles: {100 * done:.0f} %"))


def shares(classes: NDArray[np.uint8], model: Model) -> str:
    """The most frequent classes."""
    counts = np.bincount(classes.ravel(), minlength=len(model.classes.names)) / classes.size
    most = [i for i in np.argsort(-counts, kind="stable")[:3] if counts[i] > 0]
    return ", ".join(f"{model.classes.names[i]} {100 * counts[i]:.1f} %" for i in most)


def save_results(image: NDArray, classes: NDArray[np.uint8], model: Model, out: Path, name: str) -> None:
    """NAME.png (an index with a palette), NAME_colour.png and NAME_overlay.png."""
    file = out / f"{name}.png"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        index = index_picture(classes, model.classes)
        save_whole(index, file)
        save_whole(index.convert("RGB"), out / f"{name}_colour.png")
        save_whole(overlay(image, classes, model.classes), out / f"{name}_overlay.png")
    except OSError as error:
        raise Problem(file, f"cannot be written ({error.strerror or error})", "choose another --out") from error


def save_whole(picture: Image.Image, file: Path) -> None:
    """Write `file` so that an interruption leaves it as it was, or whole."""
    temporary = file.with_name(file.name + ".tmp")
    try:
        picture.save(temporary, "PNG")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
