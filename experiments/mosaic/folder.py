"""Mosaics as a folder of pictures and masks, to try other tools on: python -m experiments.mosaic.folder --help."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from experiments.command_line import exit_with, guarded
from experiments.errors import check, check_counts
from experiments.fcn.task import Sample
from experiments.files import writing
from experiments.mosaic.data import CLASSES, TEST, TRAIN, of_some_size
from experiments.options import parsed
from experiments.photographs import parts


@dataclass(frozen=True)
class Command:
    """Write mosaics as train/ and val/ with images/ and masks/ in each, and classes.txt with the classes' names."""

    out: tyro.conf.Positional[Path]
    """Folder for them; made if need be."""
    train: int = 160
    """Mosaics to train on, cut from the photographs' left parts."""
    val: int = 40
    """Held-out ones, cut from their right parts."""
    sizes: tuple[int, int] = (96, 128)
    """Least and most of heights and widths, in pixels."""


def execute(args: list[str] | None = None) -> None:
    command = parsed(Command, args, prog="python -m experiments.mosaic.folder", description=__doc__)
    check_counts(command, "train", "val")
    most, (low, high) = min(min(p.shape[:2]) for part in parts() for p in part), command.sizes
    check(command, "sizes", 1 <= low <= high <= most, f"two from 1 to {most}, the lower one first")
    with writing(command.out):
        for split, seed, photographs, count in (
            ("train", TRAIN, parts().train, command.train),
            ("val", TEST, parts().test, command.val),
        ):
            for number in range(count):
                rng = np.random.default_rng((seed, number))
                save(of_some_size(photographs, command.sizes, rng, f"{number:04}"), command.out / split)
        named = zip(CLASSES.names, CLASSES.colours, strict=True)
        text = "".join(f"{name} {colour}\n" for name, colour in named)
        (command.out / "classes.txt").write_text(text, encoding="utf-8")
    print(f"{command.train} mosaics to train on and {command.val} held out are in {command.out}")


def save(sample: Sample, folder: Path) -> None:
    for kind, array, suffix in (("images", sample.image, "jpg"), ("masks", sample.labels.astype(np.uint8), "png")):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(folder / kind / f"{sample.name}.{suffix}", quality=95)


if __name__ == "__main__":
    exit_with(lambda: guarded(execute, "Interrupted."))
