"""Folders of pictures and masks: own layouts and published ones, splits, shares held out."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.errors import UserError
from experiments.fcn.data.config import Source
from experiments.fcn.data.dataset import open_dataset
from experiments.fcn.data.labels import VOID
from experiments.fcn.data.pairs import Pair, share_of, split_by_name
from experiments.fcn.data.presets import CAMVID, CITYSCAPES, VOC, voc_palette
from experiments.fcn.data.task import load_task
from experiments.fcn.task import IGNORE
from tests.fcn.data.files import MASK, config, make, save


def found(root, **options):
    """Names to train on and held out, what the labels of all pictures are, and how many problems."""
    dataset = open_dataset(Source(data=root, **options))
    names = [[pair.name for pair in pairs] for pairs in dataset.found[:2]]
    return *names, len(dataset.found.problems)


def test_folders_within_and_around_splits(tmp_path):
    make(tmp_path / "a", ["images/train/x.jpg", "images/val/y.png"], ["masks/train/x.png", "masks/val/y.tif"])
    assert found(tmp_path / "a") == (["x"], ["y"], 0)
    make(tmp_path / "b", ["train/pics/q/x.JPG", "test/pics/y.bmp"], ["train/seg/q/x_m.png", "test/seg/y_m.png"])
    options = {"images": "pics", "masks": "seg", "mask_suffix": "_m", "val_split": "test"}
    assert found(tmp_path / "b", **options) == (["q/x"], ["y"], 0)


def parts(root, **options):
    """Names to train on, held out and kept aside, and how many problems there are."""
    found = open_dataset(Source(data=root, **options)).found
    names = [[pair.name for pair in pairs] for pairs in (found.train, found.test, found.kept)]
    return *names, len(found.problems)


@pytest.mark.parametrize("around", [False, True])
def test_a_test_folder_is_kept_aside(tmp_path, around):
    def place(kind, split, name):
        return f"{split}/{kind}/{name}.png" if around else f"{kind}/{split}/{name}.png"

    for split, names in {"train": "abc", "val": "d", "test": "ef"}.items():
        for name in names:
            make(tmp_path, [place("images", split, name)], [place("masks", split, name)])
    assert parts(tmp_path) == ([*"abc"], ["d"], [*"ef"], 0)
    assert parts(tmp_path, val_split="test") == ([*"abc"], [*"ef"], [], 0)
    assert parts(tmp_path, val_split="test", test_split="val") == ([*"abc"], [*"ef"], ["d"], 0)
    with pytest.raises(
        ValueError, match=r"`test_split` must be another .* --val-split names what is held out, got 'val'"
    ):
        parts(tmp_path, test_split="val")
    # Without val/ a share of train/ is held out, and test/ is not touched.
    for kind in ("images", "masks"):
        (tmp_path / place(kind, "val", "d")).unlink()
        (tmp_path / place(kind, "val", "d")).parent.rmdir()
    train, held, kept, _ = parts(tmp_path, held_out=0.5)
    assert (sorted(train + held), kept) == ([*"abc"], [*"ef"])
    assert held == [x for x in "abc" if share_of(x) < 0.5]
    # A test folder without masks is no test set, unless it is named.
    (tmp_path / place("masks", "test", "e")).unlink()
    (tmp_path / place("masks", "test", "f")).unlink()
    (tmp_path / place("masks", "test", "f")).parent.rmdir()
    assert parts(tmp_path, held_out=0.5)[2:] == ([], 0)
    with pytest.raises(UserError, match="is not a folder"):
        parts(tmp_path, held_out=0.5, test_split="test")


def test_a_test_folder_beside_or_in_folders_without_splits(tmp_path):
    names = [f"{i:02}" for i in range(10)]
    make(tmp_path / "a", [f"images/{x}.png" for x in names], [f"masks/{x}.png" for x in names])
    make(tmp_path / "a", ["test/images/x.png"], ["test/masks/x.png"])
    train, held, kept, problems = parts(tmp_path / "a")
    assert (sorted(train + held), kept, problems) == (names, ["x"], 0)
    make(tmp_path / "a", ["images/test/y.png"], ["masks/test/y.png"])
    train, held, kept, problems = parts(tmp_path / "a")
    assert (sorted(train + held), sorted(kept), problems) == (names, ["test/y", "x"], 0)
    make(tmp_path / "b", ["test/images/x.png"], ["test/masks/x.png"])
    assert parts(tmp_path / "b") == ([], [], ["x"], 0)


def test_a_share_is_kept_aside_and_taken_from_what_is_trained_on(tmp_path):
    names = [f"{i:03}" for i in range(60)]
    make(tmp_path / "a", [f"images/{x}.png" for x in names], [f"masks/{x}.png" for x in names])
    train, held, _, _ = parts(tmp_path / "a")
    fewer, again, kept, _ = parts(tmp_path / "a", test_share=0.25)
    assert again == held
    assert kept == [x for x in names if share_of(x) >= 0.75] != []
    assert sorted(fewer + kept) == train
    images = [f"train/images/{x}.png" for x in names] + ["val/images/x.png"]
    make(tmp_path / "b", images, [x.replace("images", "masks") for x in images])
    assert parts(tmp_path / "b", test_share=0.25) == ([x for x in names if x not in kept], ["x"], kept, 0)
    for share in (-0.1, 0.8, float("nan")):
        with pytest.raises(ValueError, match="`test_share` must be at least 0"):
            config(tmp_path, test_share=share)


def test_a_picture_that_is_kept_aside_and_trained_on_is_a_problem(tmp_path):
    make(tmp_path, [f"JPEGImages/{x}.jpg" for x in "abc"], [f"SegmentationClass/{x}.png" for x in "abc"])
    voc(tmp_path, train=["a", "b"], val=["c"], test=["b", "c"])
    assert parts(tmp_path) == (["a", "b"], ["c"], [], 0)  # VOC's own list of test pictures has no masks
    assert parts(tmp_path, test_split="test") == (["a", "b"], ["c"], ["b", "c"], 2)


def test_a_share_is_held_out_by_name_alone(tmp_path):
    names = [f"{i:03}" for i in range(40)]
    make(tmp_path, [f"images/{x}.png" for x in names], [f"masks/{x}.png" for x in names])
    train, test, _ = found(tmp_path, held_out=0.3)
    assert sorted(train + test) == names
    assert test == [x for x in names if share_of(x) < 0.3] != []
    pairs = [Pair(x, Path(x), Path(x)) for x in names]
    assert [x.name for x in split_by_name(pairs[::2], 0.3)[1]] == [x for x in names[::2] if x in test]


def test_shares_of_names_are_even_and_for_ever():
    shares = np.sort([share_of(f"picture {i}") for i in range(2000)])
    # Kolmogorov's bound: even numbers exceed it once in 10,000 draws, and these never change.
    assert np.abs(shares - (np.arange(2000) + 0.5) / 2000).max() < 2.23 / np.sqrt(2000)
    assert share_of("a") == 0xCA978112CA1B / 2**48  # sha256sum


def test_what_has_no_like_is_a_problem(tmp_path):
    make(tmp_path, ["images/a.png", "images/a.jpg", "images/b.png"], ["masks/a.png", "masks/c.png"])
    (tmp_path / "images" / "._a.png").write_bytes(b"macOS")
    (tmp_path / "images" / "Thumbs.db").write_bytes(b"Windows")
    problems = open_dataset(Source(data=tmp_path)).found.problems
    assert [str(x).split()[0] for x in problems] == [
        str(tmp_path / x) for x in ("images/a.png", "images/b.png", "masks/c.png")
    ]
    with pytest.raises(UserError, match="3 files without their like.*check-data"):
        load_task(config(tmp_path))


def voc(root, **lists):
    (root / "ImageSets/Segmentation").mkdir(parents=True)
    for name, lines in lists.items():
        (root / f"ImageSets/Segmentation/{name}.txt").write_text("\n".join(lines) + "\n")


def test_vocs_lists(tmp_path):
    make(tmp_path, [f"JPEGImages/{x}.jpg" for x in "abc"], [f"SegmentationClass/{x}.png" for x in "abc"])
    make(tmp_path, [], ["SegmentationClassAug/c.png"])
    lines = ["/JPEGImages/b.jpg /SegmentationClassAug/c.png"]
    voc(tmp_path, train=["a", "b"], val=["c", "d", ""], aug=lines)
    assert found(tmp_path) == (["a", "b"], ["c"], 2)
    assert found(tmp_path, train_split="aug") == (["b"], ["c"], 2)
    assert found(tmp_path, val_split="train", train_split="aug")[2] == 1  # b is in both
    assert open_dataset(Source(data=tmp_path)).classes == VOC.classes
    with pytest.raises(UserError, match="trainval.txt is no list"):
        found(tmp_path, train_split="trainval")


def test_vocs_classes_and_void(tmp_path):
    mask = np.array([[0, 20, 255, 15]], np.uint8)
    save(np.zeros((1, 4, 3), np.uint8), tmp_path / "JPEGImages/a.png")
    save(mask, tmp_path / "SegmentationClass/a.png")
    make(tmp_path, ["JPEGImages/b.png"], ["SegmentationClass/b.png"])
    voc(tmp_path, train=["b"], val=["a"])
    task = load_task(config(tmp_path))
    assert_array_equal(task.test[0].labels, [[0, 20, IGNORE, 15]])
    assert (len(task.classes.names), task.classes.names[15], task.classes.background) == (21, "person", 0)
    # The same mask in colours.
    palette = np.array([[int(x[i : i + 2], 16) for i in (1, 3, 5)] for x in voc_palette(256)], np.uint8)
    save(palette[mask], tmp_path / "SegmentationClass/a.png")
    assert_array_equal(task.test[0].labels, [[0, 20, IGNORE, 15]])


def test_camvid_by_index_and_by_colour(tmp_path):
    mask = np.array([[0, 3, 10, 11]], np.uint8)  # sky, road, bicyclist, void
    colours = np.array([[[128] * 3, [128, 0, 192], [192, 0, 192], [0] * 3]], np.uint8)  # road: a lane marking
    for root, annotation, masks in (("index", "{}annot/x.png", mask), ("colour", "{}_labels/x_L.png", colours)):
        for split in ("train", "val", "test"):
            # A picture in two splits is a problem by its path, not by its name.
            save(np.zeros((1, 4, 3), np.uint8), tmp_path / root / split / "x.png")
            save(masks, tmp_path / root / annotation.format(split))
        task = load_task(config(tmp_path / root))
        assert_array_equal(task.test[0].labels, [[0, 3, 10, IGNORE]])
        assert task.classes.names[3] == "road"
        assert "/test/" in str(open_dataset(Source(data=tmp_path / root)).found.test[0].image)


def test_the_map_of_a_published_layout_is_of_its_own_classes(tmp_path):
    mask = np.array([[3, 10, 11, 12]], np.uint8)
    for split in ("train", "test"):
        save(np.zeros((1, 4, 3), np.uint8), tmp_path / split / "x.png")
        save(mask, tmp_path / f"{split}annot/x.png")
    assert_array_equal(load_task(config(tmp_path, num_classes=13)).test[0].labels, mask)  # 11 is one of them
    (tmp_path / "names.txt").write_text("\n".join(map(str, range(13))))
    assert_array_equal(load_task(config(tmp_path, classes=tmp_path / "names.txt")).test[0].labels, mask)
    (tmp_path / "names.txt").write_text("\n".join(map(str, range(11))))  # other names for the same
    labels = open_dataset(Source(data=tmp_path, classes=tmp_path / "names.txt")).reader.table[:13]
    assert labels.tolist() == [*range(11), VOID, 12]


CAMVID_32 = """sky: 128 128 128. building: 0 128 64, 128 0 0, 64 192 0, 64 0 64, 192 0 128.
pole: 192 192 128, 0 0 64. road: 128 64 128, 128 0 192, 192 0 64. pavement: 0 0 192, 64 192 128, 128 128 192.
tree: 128 128 0, 192 192 0. sign: 192 128 128, 128 128 64, 0 64 64. fence: 64 64 128.
car: 64 0 128, 64 128 192, 192 128 192, 192 64 128, 128 64 64.
pedestrian: 64 64 0, 192 128 64, 64 0 192, 64 128 64. bicyclist: 0 128 192, 192 0 192"""  # as published


def test_camvids_32_colours():
    groups = [group.split(":") for group in CAMVID_32.replace("\n", " ").split(".")]
    colours = {
        "#" + "".join(f"{int(x):02x}" for x in colour.split()): label
        for label, (_, group) in enumerate(groups)
        for colour in group.split(",")
    }
    assert {**colours, "#000000": 11} == CAMVID.colours
    assert CAMVID.classes
    assert CAMVID.classes.names == tuple(name.strip() for name, _ in groups)
    assert [CAMVID.colours[x] for x in CAMVID.classes.colours] == list(range(11))


def test_cityscapes(tmp_path):
    mask = np.array([[0, 7, 26, 33, 16, 255]], np.uint8)  # unlabelled, road, car, bicycle, tunnel, plate
    for split in ("train", "val"):
        stem = f"{split}/ulm/ulm_000001_000019"
        save(np.zeros((1, 6, 3), np.uint8), tmp_path / f"leftImg8bit/{stem}_leftImg8bit.png")
        save(mask, tmp_path / f"gtFine/{stem}_gtFine_labelIds.png")
        save(mask, tmp_path / f"gtFine/{stem}_gtFine_instanceIds.png")
    task = load_task(config(tmp_path))
    assert task.test[0].name == "ulm/ulm_000001_000019"
    assert_array_equal(task.test[0].labels, [[IGNORE, 0, 13, 18, IGNORE, IGNORE]])
    evaluated = [value for value in range(-1, 256) if CITYSCAPES.label_map.get(value) is not None]
    assert evaluated == [7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33]
    assert [CITYSCAPES.label_map[value] for value in evaluated] == list(range(19))


def test_keras_masks_hold_the_class_in_blue(tmp_path):
    annotation = np.stack([MASK + 90, MASK + 50, MASK], -1)
    for split in ("train", "test"):
        make(tmp_path, [f"images_prepped_{split}/x.png"], [f"annotations_prepped_{split}/x.png"], annotation)
    assert_array_equal(load_task(config(tmp_path)).test[0].labels, MASK)
    red = load_task(config(tmp_path, mask_channel="red", label_map=tuple(f"{90 + i}={i}" for i in range(5))))
    assert_array_equal(red.test[0].labels, MASK)


def test_own_classes_in_a_published_layout(tmp_path):
    make(tmp_path, [f"JPEGImages/{x}.jpg" for x in "ab"], [f"SegmentationClass/{x}.png" for x in "ab"])
    voc(tmp_path, train=["a"], val=["b"])
    (tmp_path / "names.txt").write_text("cell\nwall\nBackground\nx\ny\n")
    classes = load_task(config(tmp_path, classes=tmp_path / "names.txt")).classes
    assert (classes.names[1], classes.background, classes.colours[2]) == ("wall", 2, "#000000")
    assert load_task(config(tmp_path, num_classes=7)).classes.names[6] == "class 6"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "images is not a folder.*holds pics, seg"),
        ({"images": "pics"}, "masks is not a folder.*holds pics, seg"),
        ({"images": "pics", "masks": "seg", "train_split": "a"}, "pics/a is not a folder"),
        ({"images": "pics", "masks": "seg", "test_split": "a"}, "pics/a is not a folder"),
        ({"layout": "voc"}, "train.txt is no list"),
        ({"layout": "cityscapes"}, "leftImg8bit/train is not a folder"),
        ({"layout": "camvid"}, "train is not a folder"),
        ({"layout": "keras"}, "images_prepped_train is not a folder"),
        ({"images": "pics", "masks": "seg", "held_out": 1e-9}, "has no pictures that are held out"),
        ({"images": "pics", "masks": "seg", "held_out": 1 - 1e-9}, "has no pictures to train on"),
    ],
)
def test_folders_that_are_missing_are_named(tmp_path, options, message):
    make(tmp_path, ["pics/a.png"], ["seg/a.png"])
    with pytest.raises(UserError, match=message):
        load_task(config(tmp_path, **options))
    with pytest.raises(UserError, match="nowhere does not exist"):
        load_task(config(tmp_path / "nowhere", **options))
