"""Pictures and masks that several tests write."""

import numpy as np
from PIL import Image

from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.config import FolderConfig, Source

RNG = np.random.default_rng(7)
SIZE = (4, 6)  # height and width
COLOURS = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
MASK = np.arange(24, dtype=np.uint8).reshape(SIZE) % 5


def save(array, file, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)
    return file


def luma(colours):
    return colours @ np.array([0.299, 0.587, 0.114])


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def make(root, images, masks, mask=MASK):
    for name in images:
        save(COLOURS, root / name)
    for name in masks:
        save(mask, root / name)


def config(root, augmentation=None, **options):
    own = {name: options.pop(name) for name in ("seed", "batch_size", "steps") if name in options}
    return FolderConfig(source=Source(data=root, **options), augmentation=augmentation or Augmentation(), **own)


def damage_label(root):
    save(np.full((23, 27), 9, np.uint8), root / "masks/train/3.png")
