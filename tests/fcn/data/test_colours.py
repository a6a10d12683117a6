"""Masks with a palette: colours decide where the classes have colours, else indices."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.data.presets import voc_palette
from experiments.fcn.data.task import load_task
from experiments.fcn.task import IGNORE
from tests.fcn.data.files import MASK, SIZE, config, make

CLASSES = "wall #102030\nfloor #405060\nceiling #708090\ndoor #a0b0c0\nlamp #d0e0f0\n"
COLOURS = [line.split()[1] for line in CLASSES.splitlines()]  # of the classes, in order
SHUFFLED = [3, 0, 4, 1, 2]  # the class of each index


def palette_of(colours):
    return [int(colour[i : i + 2], 16) for colour in colours for i in (1, 3, 5)]


def save_mask(file, indices, colours):
    image = Image.fromarray(indices)
    image.putpalette(palette_of(colours))
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)


def labels(root, indices, colours, text=CLASSES, extension="png", **options):
    """The labels of a held-out mask of these indices and this palette."""
    make(root, ["images/train/a.png", "images/val/b.png"], ["masks/train/a.png"])
    save_mask(root / f"masks/val/b.{extension}", indices, colours)
    (root / "classes.txt").write_text(text)
    return load_task(config(root, classes=root / "classes.txt", **options)).test[0].labels


@pytest.mark.parametrize("extension", ["png", "tif", "gif", "bmp"])
def test_colours_of_a_palette_decide_where_the_classes_have_colours(tmp_path, extension):
    shown = [COLOURS[label] for label in SHUFFLED]
    assert_array_equal(labels(tmp_path, MASK, shown, extension=extension), np.array(SHUFFLED)[MASK])


def test_indices_decide_where_the_classes_have_no_colours(tmp_path):
    shown = [COLOURS[label] for label in SHUFFLED]
    assert_array_equal(labels(tmp_path, MASK, shown, text="wall\nfloor\nceiling\ndoor\nlamp\n"), MASK)


def test_a_colour_of_no_class_is_named_with_the_classes(tmp_path):
    with pytest.raises(UserError) as problem:
        labels(tmp_path, MASK, [*COLOURS[:4], "#0a0b0c"])
    text = str(problem.value)
    assert text.startswith(f"{tmp_path / 'masks/val/b.png'} has colours that no class has: #0a0b0c (4 pixels); ")
    assert "the classes have wall #102030, floor #405060, ceiling #708090, door #a0b0c0, lamp #d0e0f0: " in text
    assert "leave all colours out of it" in text


def test_an_unused_colour_may_be_any(tmp_path):
    assert_array_equal(labels(tmp_path, MASK, [*COLOURS, "#0a0b0c"]), MASK)


def test_ignored_colours_and_ignored_indices(tmp_path):
    mask = MASK.copy()
    mask[0, :2] = 255
    shown = [*COLOURS[:4], "#0a0b0c", *["#102030"] * 251]  # filled up with the first one's
    expected = np.where(mask == 4, IGNORE, mask)
    assert_array_equal(labels(tmp_path, mask, shown, text=CLASSES + "ignore #0a0b0c\n"), expected)
    # White is a class here, and index 255 is the only white one.
    text = "wall #000000\nfloor #ffffff\n"
    white = labels(
        tmp_path, np.where(MASK > 2, 255, 0).astype(np.uint8), [f"#{i:02x}{i:02x}{i:02x}" for i in range(256)], text
    )
    assert_array_equal(white, MASK > 2)


def test_the_map_of_values_leaves_colours_alone(tmp_path):
    """Values are moved by one for masks without colours; a colour is its class's all the same."""
    shown = [COLOURS[label] for label in SHUFFLED]
    (tmp_path / "masks/train").mkdir(parents=True)
    got = labels(tmp_path, MASK, shown, label_map=("1=0", "2=1", "3=2", "4=3", "5=4", "0=ignore"))
    assert_array_equal(got, np.array(SHUFFLED)[MASK])


def test_vocs_palettes_are_read_by_index(tmp_path):
    indices = np.resize(np.array([0, 15, 255, 20], np.uint8), SIZE)
    for name in "ab":
        make(tmp_path, [f"JPEGImages/{name}.jpg"], [])
        # Tools write VOC's masks with palettes of their own; the indices are what VOC defines.
        save_mask(tmp_path / f"SegmentationClass/{name}.png", indices, voc_palette(256)[::-1])
    (tmp_path / "ImageSets/Segmentation").mkdir(parents=True)
    for name, split in (("a", "train"), ("b", "val")):
        (tmp_path / f"ImageSets/Segmentation/{split}.txt").write_text(name)
    assert_array_equal(load_task(config(tmp_path)).test[0].labels, indices)
    # With a class file that has VOC's colours, colours decide; its void stays void without a line for it.
    for name in "ab":
        save_mask(tmp_path / f"SegmentationClass/{name}.png", indices, voc_palette(256))
    (tmp_path / "names.txt").write_text("".join(f"c{i} {colour}\n" for i, colour in enumerate(voc_palette(21))))
    assert_array_equal(load_task(config(tmp_path, classes=tmp_path / "names.txt")).test[0].labels, indices)
