"""Classes of people's own pictures: files in, files out."""

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.class_pictures import index_picture, overlay
from experiments.fcn.data.pairs import EXTENSIONS, walk
from experiments.fcn.data.reading import read_image
from experiments.files import writing
from jtconv.models._inference import classes_of
from jtconv.models._model import Model
from jtconv.models._tiling import Tiling, classes_by_tiles, is_large
from jtconv.weights._whole import whole

INDEX, COLOUR, OVERLAY = ENDINGS = ("", "_colour", "_overlay")  # of the names of a picture's results
Say = Callable[[str], object]


class Wanted(NamedTuple):
    """A picture, and the name of its results without their endings."""

    file: Path
    name: str


def wanted(inputs: Sequence[str], out: Path) -> Iterator[Wanted]:
    """The pictures of files, of folders (with those below them) and of globs such as "scans/*.png".

    A folder's keep their places below it; results in `out` are none of them. Raises `UserError` for an
    input that holds none.
    """
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            found = pictures_below(path, out)
            yield from (Wanted(x, str(x.relative_to(path).with_suffix(""))) for x in found)
        elif path.exists() or not glob.has_magic(text):
            found = [path]  # where it does not exist, reading it says so
            yield Wanted(path, path.stem)
        else:
            found = [Path(x) for x in sorted(glob.glob(text, recursive=True)) if Path(x).is_file()]
            yield from (Wanted(x, x.stem) for x in found)
        if not found:
            raise UserError(path, "holds no pictures", f"name a picture ({', '.join(EXTENSIONS)})")


def pictures_below(folder: Path, out: Path) -> list[Path]:
    """Raises `UserError` where `out` is the folder itself: results could not be told from pictures later on."""
    here, results = Path(os.path.realpath(folder)), Path(os.path.realpath(out))
    if here == results:
        raise UserError(folder, "holds the pictures, and is where their results would go", "choose another --out")
    files = walk(folder)
    if not results.is_relative_to(here):
        return files
    return [x for x in files if not Path(os.path.realpath(x)).is_relative_to(results)]


def with_own_names(pictures: Sequence[Wanted], out: Path) -> list[Wanted]:
    """The same, each once, with endings in their names where two would have the same results: a.jpg and a.png.

    Raises `UserError` where results would take the place of others, or of a picture.
    """
    pictures = list({(os.path.realpath(x.file), x.name): x for x in pictures}.values())
    counts = Counter(x.name for x in pictures)
    named = [x if counts[x.name] == 1 else x._replace(name=f"{x.name}_{x.file.suffix[1:]}") for x in pictures]
    inputs = {os.path.realpath(x.file) for x in named}
    owners: dict[Path, Path] = {}
    for picture in named:
        for ending in ENDINGS:
            result = result_file(out, picture.name, ending)
            if os.path.realpath(result) in inputs:
                raise UserError(result, "is a picture, and would become a result", "choose another --out")
            if (owner := owners.setdefault(result, picture.file)) is not picture.file:
                what = f"and {owner} would have the same results"
                raise UserError(picture.file, what, "predict them into different folders")
    return named


def result_file(out: Path, name: str, ending: str) -> Path:
    return out / f"{name}{ending}.png"


def predict(model: Model, pictures: Sequence[Wanted], out: Path, tiling: Tiling, say: Say) -> int:
    """Write the results of every picture into `out`; a picture at fault is reported and passed over.

    Returns how many were at fault. Raises `UserError` where `out` cannot take the results.
    """
    failed = 0
    for i, picture in enumerate(pictures, 1):
        try:
            image = read_image(picture.file, model.signature.in_ch)
        except UserError as problem:
            failed += 1
            say(f"[{i}/{len(pictures)}] {problem}")
            continue
        classes = classes_with_notes(model, image, tiling, say)
        with writing(out):
            save_results(image, classes, model, out, picture.name)
        say(f"[{i}/{len(pictures)}] {picture.file}: {shares(classes, model)}")
    return failed


def classes_with_notes(model: Model, image: NDArray, tiling: Tiling, say: Say) -> NDArray[np.uint8]:
    """The classes of one picture; where it takes many tiles, how far they are is said."""
    if not is_large(image, tiling):
        return next(classes_of(model, [image]))
    height, width = image.shape[:2]
    return classes_by_tiles(model, image, tiling, lambda done: say(f"  {width}×{height} in tiles: {100 * done:.0f} %"))


def shares(classes: NDArray[np.uint8], model: Model) -> str:
    """The most frequent classes, and a sign that there are more."""
    counts = np.bincount(classes.ravel(), minlength=len(model.classes.names)) / classes.size
    found = [i for i in np.argsort(-counts, kind="stable") if counts[i] >= 0.0005]  # 0.1 %, rounded
    most = [f"{model.classes.names[i]}: {100 * counts[i]:.1f} %" for i in found[:3]]
    return ", ".join(most + ["…"] * (len(found) > 3))


def save_results(image: NDArray, classes: NDArray[np.uint8], model: Model, out: Path, name: str) -> None:
    """NAME.png (an index with a palette), NAME_colour.png and NAME_overlay.png."""
    index = index_picture(classes, model.classes)
    result_file(out, name, INDEX).parent.mkdir(parents=True, exist_ok=True)
    save_whole(index, result_file(out, name, INDEX))
    save_whole(index.convert("RGB"), result_file(out, name, COLOUR))
    save_whole(overlay(image, classes, model.classes), result_file(out, name, OVERLAY))


def save_whole(picture: Image.Image, file: Path) -> None:
    """Write `file` so that an interruption leaves it as it was, or whole."""
    with whole(file) as temporary:
        picture.save(temporary, "PNG")
