"""Pictures and masks from folders: reading, layouts, augmentation, batches, and check-data."""

import json
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import cast

import grain
import numpy as np
import pytest
import tyro
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.commands.check_data import CheckData, run
from experiments.fcn.data.augment import Augmentation, augment, recolour
from experiments.fcn.data.check import check_data
from experiments.fcn.data.class_file import read_class_file
from experiments.fcn.data.config import FolderConfig, Source, read_label_map
from experiments.fcn.data.dataset import open_dataset
from experiments.fcn.data.labels import STRANGE, VOID, apply, bounded, make_table
from experiments.fcn.data.pairs import Pair, share_of, split_by_name
from experiments.fcn.data.presets import CAMVID, CITYSCAPES, VOC, colours_for, voc_palette
from experiments.fcn.data.reading import read_image, read_mask
from experiments.fcn.data.task import load_task, mean_colour
from experiments.fcn.task import IGNORE, Batch, Sample, Signature
from jtconv.weights import Preprocessing

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(7)
SIZE = (4, 6)  # height and width
COLOURS = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
GREY = RNG.integers(0, 256, SIZE, np.uint8)
MASK = np.arange(24, dtype=np.uint8).reshape(SIZE) % 5
FEW = settings(max_examples=settings().max_examples // 5)


def save(array, file, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)
    return file


def luma(colours):
    return colours @ np.array([0.299, 0.587, 0.114])


# --- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["png", "bmp", "tif", "ppm", "webp"])
def test_colours_are_read_as_they_are(tmp_path, extension):
    file = save(COLOURS, tmp_path / f"x.{extension}", **({"lossless": True} if extension == "webp" else {}))
    assert_array_equal(read_image(file, 3), COLOURS)
    assert_array_equal(read_image(file, 4), np.concatenate([COLOURS, np.full((*SIZE, 1), 255)], -1))
    assert_allclose(read_image(file, 1)[..., 0], luma(COLOURS), atol=1)  # Pillow rounds


def test_grey_is_stretched_over_the_channels(tmp_path):
    file = save(GREY, tmp_path / "x.png")
    assert_array_equal(read_image(file, 1), GREY[..., None])
    assert_array_equal(read_image(file, 3), np.stack([GREY] * 3, -1))


def test_alpha_is_dropped_unless_it_is_asked_for(tmp_path):
    alpha = GREY[..., None] // 2
    file = save(np.concatenate([COLOURS, alpha], -1), tmp_path / "rgba.png")
    assert_array_equal(read_image(file, 3), COLOURS)
    assert_array_equal(read_image(file, 4), np.concatenate([COLOURS, alpha], -1))
    file = save(np.concatenate([GREY[..., None], alpha], -1), tmp_path / "la.png")
    assert_array_equal(read_image(file, 1), GREY[..., None])
    assert_array_equal(read_image(file, 4)[..., 2:], np.concatenate([GREY[..., None], alpha], -1))


def palette_picture(file, **options):
    """Indices MASK, whose colours are COLOURS[0]."""
    image = Image.fromarray(MASK)
    image.putpalette(COLOURS[0].ravel().tolist())
    image.save(file, **options)
    return file


@pytest.mark.parametrize("options", [{}, {"transparency": bytes([0, 128, 255, 7, 9])}, {"transparency": 2}])
def test_a_palette_picture_has_its_colours(tmp_path, options):
    file = palette_picture(tmp_path / "x.png", **options)
    assert_array_equal(read_image(file, 3), COLOURS[0][MASK])
    assert_allclose(read_image(file, 1)[..., 0], luma(COLOURS[0][MASK]), atol=1)
    opacity = {"bytes": [0, 128, 255, 7, 9], "int": [255, 255, 0, 255, 255], "NoneType": [255] * 5}
    expected = np.array(opacity[type(options.get("transparency")).__name__])[MASK]
    assert_array_equal(read_image(file, 4)[..., 3], expected)


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    deep = (GREY.astype(np.uint16) << 8) + GREY[::-1]
    for name in ("x.png", "x.tif"):
        assert_array_equal(read_image(save(deep, tmp_path / name), 1), GREY[..., None])
        assert_array_equal(read_image(tmp_path / name, 3)[..., 2], GREY)


def test_a_black_and_white_picture(tmp_path):
    file = save(GREY > 99, tmp_path / "x.png")
    assert_array_equal(read_image(file, 3)[..., 1], np.where(GREY > 99, 255, 0))


@pytest.mark.parametrize("extension", ["tif", "jpg"])
def test_cmyk_is_ink(tmp_path, extension):
    inks = np.zeros((8, 32, 4), np.uint8)  # white, cyan, yellow, black, in blocks of a JPEG's own size
    for block, ink in ((1, 0), (2, 2), (3, 3)):
        inks[:, 8 * block : 8 * block + 8, ink] = 255
    Image.fromarray(inks, "CMYK").save(tmp_path / f"x.{extension}")
    colours = read_image(tmp_path / f"x.{extension}", 3)[4, 4::8]
    assert_allclose(colours, [[255, 255, 255], [0, 255, 255], [255, 255, 0], [0, 0, 0]], atol=3)
    assert_allclose(read_image(tmp_path / f"x.{extension}", 1)[4, 4::8, 0], luma(colours), atol=1)


UPRIGHT = {  # what EXIF's orientation asks for, in NumPy's words
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_and_masks_are_turned_as_exif_says(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_array_equal(read_image(save(COLOURS, tmp_path / "x.png", exif=exif), 3), UPRIGHT[orientation](COLOURS))
    assert_array_equal(read_mask(save(MASK, tmp_path / "y.png", exif=exif), {}, None), UPRIGHT[orientation](MASK))


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 20_000), (2, 20_000)])
def test_narrow_and_wide_pictures(tmp_path, size):
    array = RNG.integers(0, 256, (*size, 3), np.uint8)
    assert_array_equal(read_image(save(array, tmp_path / "x.png"), 3), array)
    assert_array_equal(read_mask(save(array[..., 0], tmp_path / "y.png"), {}, None), array[..., 0])


# --- masks -----------------------------------------------------------------------------------


def png(width, height, depth, colour, rows):
    """A PNG file of these packed rows."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    parts = (struct.pack(">I", len(x)) + kind + x + struct.pack(">I", zlib.crc32(kind + x)) for kind, x in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_grey_mask_of_few_bits_holds_what_its_file_holds(tmp_path, depth):
    values = np.arange(24).reshape(3, 8) % 2**depth
    bits = [np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, -depth:].ravel() for row in values]
    (tmp_path / "x.png").write_bytes(png(8, 3, depth, 0, [np.packbits(row).tobytes() for row in bits]))
    assert_array_equal(read_mask(tmp_path / "x.png", {}, None), values)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_palette_mask_is_its_indices(tmp_path, bits):
    assert_array_equal(read_mask(palette_picture(tmp_path / "x.png", bits=bits), {}, None), MASK)


def test_grey_masks_of_8_and_16_bits(tmp_path):
    deep = MASK.astype(np.uint16) * 1000
    assert_array_equal(read_mask(save(GREY, tmp_path / "x.png"), {}, None), GREY)
    for name in ("deep.png", "deep.tif"):
        assert_array_equal(read_mask(save(deep, tmp_path / name), {}, None), deep)


def test_a_mask_in_colours_by_a_table_or_a_channel(tmp_path):
    table = {f"#{r:02x}{g:02x}{b:02x}": 10 * i for i, (r, g, b) in enumerate(COLOURS[0])}
    file = save(COLOURS[0][MASK], tmp_path / "x.png")
    assert_array_equal(read_mask(file, table, None), 10 * MASK.astype(int))
    for i, channel in enumerate(("red", "green", "blue")):
        assert_array_equal(read_mask(file, {}, channel), COLOURS[0][MASK][..., i])
    with pytest.raises(UserError, match="x.png is a mask in colours, and no table.*--mask-channel"):
        read_mask(file, {}, None)
    last = list(table)[4]
    del table[last]
    with pytest.raises(UserError, match=rf"x.png has colours that no class has: {last} \(4 pixels\)"):
        read_mask(file, table, None)


# --- files at fault --------------------------------------------------------------------------


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


BIG_PNG = png(60_000, 60_000, 8, 0, [])
AT_FAULT = {
    "gone": (lambda file: file.unlink(), "does not exist"),
    "empty": (lambda file: file.write_bytes(b""), "is not a picture"),
    "text": (lambda file: file.write_text("hello"), "is not a picture"),
    "halved": (halve, "is damaged"),
    "bomb": (lambda file: file.write_bytes(BIG_PNG), "has more than 178,956,970 pixels"),
    "no data": (lambda file: file.write_bytes(png(8, 8, 8, 0, [])), "is damaged"),
}


@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "gif"])
@pytest.mark.parametrize("fault", AT_FAULT)
def test_a_file_at_fault_is_named(tmp_path, fault, extension):
    damage, message = AT_FAULT[fault]
    file = save(RNG.integers(0, 256, (64, 48), np.uint8), tmp_path / f"some name.{extension}")
    damage(file)
    for read in (lambda: read_image(file, 3), lambda: read_mask(file, {}, None)):
        with pytest.raises(UserError, match=message) as problem:
            read()
        assert str(problem.value).startswith(str(file))
        assert "\n" not in str(problem.value)


def test_a_large_picture_is_opened_without_a_word(tmp_path):
    """In a process of its own: pytest has its own filters of warnings."""
    (tmp_path / "x.png").write_bytes(png(10_000, 10_000, 1, 0, []))
    code = (
        f"from experiments.fcn.data.reading import opened\nwith opened({str(tmp_path / 'x.png')!r}) as x: print(x.size)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("(10000, 10000)\n", "")


def test_values_without_a_range_are_refused(tmp_path):
    with pytest.raises(UserError, match="x.tif holds floats"):
        read_image(save(GREY.astype(np.float32), tmp_path / "x.tif"), 3)
    with pytest.raises(UserError, match="y.tif holds 32-bit values"):
        read_image(save(GREY.astype(np.int32) << 16, tmp_path / "y.tif"), 3)


# --- what values mean ------------------------------------------------------------------------


@FEW
@given(
    st.dictionaries(st.integers(0, 12), st.none() | st.integers(0, 9), max_size=4),
    st.lists(st.integers(0, 12), max_size=3),
    st.booleans(),
    st.integers(1, 12),
)
def test_values_are_mapped_then_ignored_then_lowered(label_map, ignore, lowered, num_classes):
    def meaning(value):
        if value in label_map:
            label = label_map[value]
        elif value in ignore or (lowered and value == 0):
            label = None
        else:
            label = value - lowered
        if label is None:
            return IGNORE
        return label if label < num_classes else STRANGE

    table = bounded(make_table(label_map, ignore, lowered), num_classes)
    expected = [meaning(value) for value in range(15)]
    for dtype in (np.uint8, np.uint16, np.int32):
        assert_array_equal(apply(table, np.arange(15, dtype=dtype)), expected)


def test_values_beyond_16_bits_are_no_classes():
    table = bounded(make_table({}, (), False), 200)
    assert_array_equal(apply(table, np.array([-1, 199, 200, 65_535, 65_536, 2**31 - 1])), [-1, 199, -1, -1, -1, -1])


def test_255_is_a_value_like_others_where_it_is_not_ignored():
    assert bounded(make_table({}, (), False), 10)[255] == STRANGE
    assert bounded(make_table({255: 1}, (255,), False), 10)[255] == 1
    assert bounded(make_table({}, (255,), True), 10)[[0, 1, 255]].tolist() == [IGNORE, 0, IGNORE]


def test_label_maps_from_words_and_files(tmp_path):
    (tmp_path / "map.json").write_text('{"7": 1, "8": "ignore", "9": null}')
    assert read_label_map(["3=4", str(tmp_path / "map.json"), "8=2"]) == {3: 4, 7: 1, 8: 2, 9: None}


@pytest.mark.parametrize("entry", ["7", "7=", "a=1", "7=b", "7=-1", "-1=0", "70000=1", "7=255", "7=1.5"])
def test_a_label_map_at_fault_is_named(entry):
    with pytest.raises(ValueError, match="`label_map` must be pairs value=class"):
        read_label_map([entry])


def test_a_label_map_file_at_fault_is_named(tmp_path):
    (tmp_path / "list.json").write_text("[1]")
    for name, message in (("list.json", "list.json holds a list"), ("none.json", "none.json cannot be read")):
        with pytest.raises(UserError, match=message):
            read_label_map([str(tmp_path / name)])


def test_vocs_palette_is_that_of_its_masks():
    # From the development kit's VOClabelcolormap.
    known = {0: "#000000", 1: "#800000", 2: "#008000", 3: "#808000", 8: "#400000", 15: "#c08080", 20: "#004080"}
    palette = voc_palette(256)
    assert {i: palette[i] for i in known} == known
    assert palette[255] == "#e0e0c0"
    assert len(set(palette)) == 256


@pytest.mark.parametrize(("n", "background"), [(1, None), (2, 0), (9, None), (10, 0), (10, 9), (10, None), (254, 3)])
def test_made_up_colours_are_all_different(n, background):
    colours = colours_for(n, background)
    assert len(colours) == len({x.lower() for x in colours}) == n
    if background is not None and n <= 10:
        assert colours[background] == "#000000"


def test_a_class_file(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_text("sky #808080\n\ntraffic light #AABBCC\nignore #000000\n")
    names, colours, values = read_class_file(file)
    assert (names, colours) == (("sky", "traffic light"), ("#808080", "#aabbcc"))
    assert values == {"#808080": 0, "#aabbcc": 1, "#000000": 65_535}
    file.write_text("sky\r\ntraffic light\r\n")
    assert read_class_file(file) == (("sky", "traffic light"), None, {})


@pytest.mark.parametrize("text", ["", "a\na\n", "a #000000\nb\n", "a #000000\nb #000000\n", "x\n" * 255])
def test_a_class_file_at_fault_is_named(tmp_path, text):
    (tmp_path / "classes.txt").write_text(text)
    for name in ("classes.txt", "none.txt"):
        with pytest.raises(UserError, match=name):
            read_class_file(tmp_path / name)


# --- layouts ---------------------------------------------------------------------------------


def found(root, **options):
    """Names to train on and held out, what the labels of all pictures are, and how many problems."""
    dataset = open_dataset(Source(data=root, **options))
    names = [[pair.name for pair in pairs] for pairs in dataset.found[:2]]
    return *names, len(dataset.found.problems)


def make(root, images, masks, mask=MASK):
    for name in images:
        save(COLOURS, root / name)
    for name in masks:
        save(mask, root / name)


def test_folders_within_and_around_splits(tmp_path):
    make(tmp_path / "a", ["images/train/x.jpg", "images/val/y.png"], ["masks/train/x.png", "masks/val/y.tif"])
    assert found(tmp_path / "a") == (["x"], ["y"], 0)
    make(tmp_path / "b", ["train/pics/q/x.JPG", "test/pics/y.bmp"], ["train/seg/q/x_m.png", "test/seg/y_m.png"])
    options = {"images": "pics", "masks": "seg", "mask_suffix": "_m", "test_split": "test"}
    assert found(tmp_path / "b", **options) == (["q/x"], ["y"], 0)


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
    assert found(tmp_path, test_split="train", train_split="aug")[2] == 1  # b is in both
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
    with pytest.raises(UserError, match="nowhere is not a folder"):
        load_task(config(tmp_path / "nowhere", **options))


# --- augmentation ----------------------------------------------------------------------------

FILL = np.array([9, 9, 200], np.uint8)
STEP = 5  # of a picture's values per pixel, so that rounding them is a tenth of a pixel


def coordinates(height, width):
    """A picture and labels that say of each pixel where it is; nowhere FILL's blue or IGNORE."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([STEP * rows, STEP * columns, np.full((height, width), 7)], -1).astype(np.uint8)
    return Sample(image, (1000 * rows + columns).astype(np.int32), "x")


@settings(max_examples=settings().max_examples // 2)
@given(
    st.tuples(st.integers(1, 50), st.integers(1, 50)),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.sampled_from([(1.0, 1.0), (0.5, 1.0), (1.0, 2.5), (0.7, 0.7)]),
    st.booleans(),
    st.integers(0, 99),
)
def test_pictures_and_labels_stay_aligned(size, crop, scale, flip, seed):
    how = Augmentation(crop=crop, scale=scale, flip=flip)
    image, labels, name = augment(coordinates(*size), how, FILL, np.random.default_rng(seed))
    assert (image.shape, labels.shape, name) == ((*crop, 3), crop, "x")
    assert (image.dtype, labels.dtype) == (np.uint8, np.int32)
    padded = labels == IGNORE
    assert_array_equal(image[padded], np.broadcast_to(FILL, image[padded].shape))
    assert_array_equal(image[~padded][:, 2], 7)
    shown, meant = image[~padded][:, :2] / STEP, np.stack([labels // 1000, labels % 1000], -1)[~padded]
    # Nearest neighbours are within half a pixel, rounding within a tenth. Where a picture is made
    # smaller, the triangle that is averaged over is cut off at its edges: a tenth of a new pixel off.
    tolerance = 0 if scale == (1, 1) else 0.6 + 0.25 / min(1, scale[0])
    assert np.abs(shown - meant).max(initial=0) <= tolerance
    if scale == (1, 1):
        assert (~padded).sum() == min(size[0], crop[0]) * min(size[1], crop[1])


def test_crops_reach_every_place_and_flips_both_sides():
    sample, rng = coordinates(9, 11), np.random.default_rng(0)
    how = Augmentation(crop=(4, 14), flip=True)
    drawn = [augment(sample, how, FILL, rng) for _ in range(300)]
    tops = {int(x.labels[:, 3:-3].min()) // 1000 for x in drawn}
    lefts = {int(np.flatnonzero(x.labels[0] != IGNORE)[0]) for x in drawn}
    assert (tops, lefts) == (set(range(6)), set(range(4)))
    mirrored = np.mean([x.labels[0, 5] > x.labels[0, 6] for x in drawn])
    assert 0.38 < mirrored < 0.62  # 4 standard deviations of 300 coins


def test_scaled_pictures_show_scaled_pictures():
    """Against Pillow's resize of the whole picture, for one channel and for four."""
    for channels in (1, 3, 4):
        image = RNG.integers(0, 256, (30, 40, channels), np.uint8)
        how = Augmentation(crop=(45, 60), scale=(1.5, 1.5))
        result = augment(Sample(image, np.zeros((30, 40), np.int32), "x"), how, FILL, np.random.default_rng(0)).image
        for c in range(channels):
            whole = np.asarray(Image.fromarray(image[..., c]).resize((60, 45), Image.Resampling.BILINEAR))
            assert_array_equal(result[..., c], whole)


def test_nothing_is_changed_by_default():
    sample = coordinates(7, 5)
    for one, other in zip(augment(sample, Augmentation(), FILL, np.random.default_rng(0)), sample, strict=True):
        assert_array_equal(one, other)


class Ends:
    """In place of a generator: every draw is its highest, or its lowest."""

    def __init__(self, high):
        self.high = high

    def uniform(self, low, high):
        return high if self.high else low


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colours_by_their_formulas(high, channels):
    image = RNG.integers(60, 120, (5, 4, channels), np.uint8)
    colours, sign = image[..., :3].astype(np.float64), 1 if high else -1

    def changed(expected, **amount):
        got = recolour(image, Augmentation(**amount), Ends(high))  # pyright: ignore[reportArgumentType] (a stand-in for the Generator)
        assert_allclose(got[..., :3], expected.clip(0, 255), atol=0.51)
        assert_array_equal(got[..., 3:], image[..., 3:])

    grey = luma(colours)[..., None] if channels >= 3 else colours
    changed(colours * (1 + sign * 0.5), brightness=0.5)
    changed(grey.mean() + (colours - grey.mean()) * (1 + sign * 0.5), contrast=0.5)
    changed(grey + (colours - grey) * (1 + sign * 0.5), saturation=0.5)


def test_the_padding_is_the_mean_that_preprocessing_subtracts():
    for preprocessing in (Preprocessing.torch(), Preprocessing.keras(), Preprocessing.torch().with_channels(1)):
        values = preprocessing(mean_colour(preprocessing)[None, None])
        # Rounding to a whole value: half a step of the picture's 255.
        assert_allclose(values, 0, atol=0.51 * preprocessing.scale / min(preprocessing.std))
    assert mean_colour(Preprocessing.keras()).tolist() == [124, 117, 104]  # red first


# --- batches ---------------------------------------------------------------------------------


def config(root, augmentation=None, **options):
    own = {name: options.pop(name) for name in ("seed", "batch_size", "steps") if name in options}
    return FolderConfig(source=Source(data=root, **options), augmentation=augmentation or Augmentation(), **own)


def batch_of(task, index):
    """Grain's type says that an entry may be None."""
    return cast(Batch, task.batches()[index])


@pytest.fixture
def folder(tmp_path):
    """Seven pictures to train on and two held out, each of its own colour and size, five classes."""
    for i in range(9):
        part = "train" if i < 7 else "val"
        save(np.full((20 + i, 30 - i, 3), 10 * i + 5, np.uint8), tmp_path / f"images/{part}/{i}.png")
        mask = np.resize(np.arange(5, dtype=np.uint8), (20 + i, 30 - i))
        save(mask, tmp_path / f"masks/{part}/{i}.png")
    return tmp_path


RANDOM = Augmentation(crop=(16, 12), scale=(0.8, 1.6), flip=True, brightness=0.1)


def test_a_task(folder):
    task = load_task(config(folder, RANDOM, batch_size=3))
    assert task.signature == Signature(3, 5, Preprocessing.torch())
    batch = batch_of(task, 0)
    assert (batch.images.shape, batch.images.dtype) == ((3, 16, 12, 3), np.uint8)
    assert (batch.labels.shape, batch.labels.dtype) == ((3, 16, 12), np.int32)
    assert [sample.name for sample in task.test] == ["7", "8"]
    assert_array_equal(task.test[1].image, np.full((28, 22, 3), 85))
    assert [x.name for x in task.test[1:]] == ["8"]
    assert hash(config(folder)) == hash(config(folder))


def test_an_interrupted_run_goes_on_with_the_same_batches(folder):
    whole = load_task(config(folder, RANDOM, batch_size=3))
    expected = [batch_of(whole, i) for i in range(9)]
    for first, threads in ((0, 1), (4, 0), (5, 3)):  # within an epoch of 7 pictures
        reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=4 if threads else 0)
        rest = load_task(config(folder, RANDOM, batch_size=3)).batches()[first:9].to_iter_dataset(reading)
        for got, batch in zip(rest, expected[first:], strict=True):
            assert_array_equal(got.images, batch.images)
            assert_array_equal(got.labels, batch.labels)


def test_every_epoch_has_every_picture_once_in_another_order_and_augmented_anew(folder):
    task = load_task(config(folder, Augmentation(crop=(16, 12), brightness=0.02), batch_size=7))
    epochs = [batch_of(task, i).images[:, 0, 0, 0].astype(int) for i in range(4)]
    orders = [np.rint((epoch - 5) / 10).astype(int).tolist() for epoch in epochs]
    assert [sorted(order) for order in orders] == [list(range(7))] * 4
    assert len(set(map(tuple, orders))) > 1
    assert len({tuple(sorted(epoch)) for epoch in epochs}) > 1


def test_seeds_differ(folder):
    one, other = (batch_of(load_task(config(folder, RANDOM, seed=seed)), 0) for seed in (0, 2**32 - 1))
    assert not np.array_equal(one.images, other.images)


def test_batches_larger_than_the_data_set(folder):
    assert len(batch_of(load_task(config(folder, RANDOM, batch_size=20)), 1).images) == 20


def test_different_sizes_ask_for_a_crop(folder):
    task = load_task(config(folder, batch_size=2))
    with pytest.raises(UserError, match=r"differ in size: give --crop"):
        task.batches()[0]
    assert batch_of(load_task(config(folder, batch_size=1)), 0).images.shape[1] >= 20


def damage_size(root):
    save(MASK, root / "masks/train/3.png")


def damage_label(root):
    save(np.full((23, 27), 9, np.uint8), root / "masks/train/3.png")


@pytest.mark.parametrize(
    ("damage", "name", "message"),
    [
        (lambda root: halve(root / "images/train/3.png"), "images/train/3.png", "is damaged"),
        (lambda root: (root / "masks/train/3.png").unlink(), "masks/train/3.png", "does not exist"),
        (damage_size, "masks/train/3.png", "is 6×4 pixels, but its picture .* is 27×23"),
        (damage_label, "masks/train/3.png", r"none of the 5 classes: 9 \(621 pixels\): map them with --label-map"),
    ],
)
@pytest.mark.parametrize("threads", [0, 2])
def test_a_file_at_fault_ends_training_with_its_name(folder, damage, name, message, threads):
    """Pictures are read when they are used: what goes wrong after the task was loaded is found then."""
    task = load_task(config(folder, RANDOM, batch_size=2))
    damage(folder)
    reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
    with pytest.raises(UserError, match=message) as problem:
        list(task.batches()[:4].to_iter_dataset(reading))
    assert str(folder / name) in str(problem.value)


def test_masks_that_do_not_say_how_many_classes_there_are(folder):
    save(np.full((23, 27), 9, np.uint8), folder / "masks/train/3.png")
    with pytest.raises(UserError, match=r"values \(0, 1, 2, 3, 4, 9\) are not the classes.*--num-classes"):
        load_task(config(folder))
    assert load_task(config(folder, num_classes=10)).signature.num_classes == 10
    assert load_task(config(folder, label_map=("9=5",))).signature.num_classes == 6


@pytest.mark.parametrize(
    ("source", "augmentation", "name"),
    [
        *[({"held_out": x}, {}, "held_out") for x in (0, 1, float("nan"))],
        *[({"num_classes": x}, {}, "num_classes") for x in (0, 256)],
        *[({"num_classes": 3, "classes": Path("x")}, {}, "num_classes"), ({"ignore": (-1,)}, {}, "ignore")],
        *[({}, {"crop": (0, 5)}, "crop"), ({}, {"scale": (0.5, 2.0)}, "scale")],
        *[({}, {"crop": (5, 5), "scale": x}, "scale") for x in ((2.0, 1.0), (0.0, 1.0), (1.0, float("inf")))],
        *[({}, {"contrast": x}, "contrast") for x in (-0.1, 1.5, float("nan"))],
    ],
)
def test_a_setting_out_of_bounds_is_named(source, augmentation, name):
    with pytest.raises(ValueError, match=f"`{name}` must be "):
        FolderConfig(source=Source(data=Path("x"), **source), augmentation=Augmentation(**augmentation))


def test_settings_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = "--data d --crop 32 48 --scale 0.5 2 --flip --label-map 1=0 m.json --ignore 0 9 --width 4".split()
    got = tyro.cli(FolderConfig, args=arguments)
    source = Source(data=tmp_path / "d", label_map=("1=0", str(tmp_path / "m.json")), ignore=(0, 9))
    assert got.source == source
    assert got.augmentation == Augmentation(crop=(32, 48), scale=(0.5, 2), flip=True)
    assert got.network.width == 4
    json.dumps(got.to_json())


# --- check-data ------------------------------------------------------------------------------


def check(root, *arguments):
    return run(tyro.cli(CheckData, args=["--data", str(root), *arguments]))


def test_a_sound_data_set(folder, capsys):
    values = np.repeat([255, 1, 7], [100, 300, 221]).reshape(23, 27)
    save(values.astype(np.uint8), folder / "masks/train/3.png")
    assert check(folder, "--json", "--label-map", "7=1") == 0
    result = json.loads(capsys.readouterr().out)
    sizes = [(20 + i) * (30 - i) for i in range(9)]
    train = [sum(len(range(c, sizes[i], 5)) for i in (0, 1, 2, 4, 5, 6)) for c in range(5)]
    train[1] += sizes[3] - 100
    assert result["problems"] == result["hints"] == []
    assert result["splits"]["train"] == {
        "pictures": 7,
        "heights": [20, 26],
        "widths": [24, 30],
        "pixels": {f"class {c}": train[c] for c in range(5)},
        "ignored": 100,
    }
    assert result["splits"]["test"]["pixels"]["class 4"] == sum(len(range(4, sizes[i], 5)) for i in (7, 8))
    assert check(folder, "--label-map", "7=1") == 0
    text = capsys.readouterr().out
    assert "held out: 2 pictures, 22 to 23 pixels wide, 27 to 28 pixels high" in text
    assert f"{train[1]:,}  {train[1] / sum(train):.2%}" in text
    assert "No problems." in text


def test_every_problem_is_reported(folder, capsys):
    halve(folder / "images/train/0.png")
    (folder / "masks/train/0.png").write_text("no mask")
    (folder / "masks/train/1.png").unlink()
    (folder / "images/val/7.png").unlink()
    save(MASK, folder / "masks/train/2.png")
    damage_label(folder)
    assert check(folder, "--num-classes", "5") == 1
    text = capsys.readouterr().out
    names = ["images/train/1", "masks/val/7", "images/train/0", "masks/train/0", "masks/train/2", "masks/train/3"]
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert [line.split(".png")[0].strip() for line in lines] == [str(folder / name) for name in names]
    assert "6 problems:" in text
    assert "9 (621 pixels)" in text
    assert check(folder, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert len(result["problems"]) == 6
    assert result["values"]["9"] == 621


def masks_of(root, values):
    """Masks that hold these values, in turn."""
    for part, name in (("train", "a"), ("val", "b")):
        make(root, [f"images/{part}/{name}.png"], [f"masks/{part}/{name}.png"], np.resize(np.uint8(values), SIZE))
    return root


@pytest.mark.parametrize(
    ("values", "options", "hint"),
    [
        ([0, 255], {}, "is it a class? Then --label-map 255=1"),
        ([0, 128, 254], {}, "is this meant: --label-map 128=1 254=2"),
        ([0, 200], {"num_classes": 2}, "is this meant: --label-map 200=1"),
        ([1, 2, 3], {"num_classes": 3}, "--reduce-zero-label"),
        ([1, 2, 3, 255], {}, "--reduce-zero-label"),
        (range(0, 230, 10), {"num_classes": 2}, "22 different values that are no classes, as JPEG"),
    ],
)
def test_hints(tmp_path, values, options, hint):
    hints = check_data(Source(data=masks_of(tmp_path, values), **options)).hints
    assert any(hint in x for x in hints), hints


def test_no_hint_where_nothing_is_wrong(tmp_path):
    assert check_data(Source(data=masks_of(tmp_path, [0, 1, 2, 255]))).hints == []


def test_jpeg_masks_and_absent_classes_are_hinted_at(folder):
    make(folder, [], ["masks/train/0.jpg"])
    (folder / "masks/train/0.png").unlink()
    hints = check_data(Source(data=folder, num_classes=6)).hints
    assert "1 of the masks are JPEG" in hints[0]
    assert "no pixel of class 5 in train" in hints


def test_turned_pictures_are_told_from_others(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    masks_of(tmp_path, [0, 1])
    save(COLOURS, tmp_path / "images/train/a.png", exif=exif)
    (problem,) = check_data(Source(data=tmp_path)).problems
    assert "is 6×4 pixels, but its picture" in str(problem)
    assert "EXIF data turn it" in str(problem)


def test_settings_of_check_data_are_checked(folder):
    with pytest.raises(ValueError, match="`held_out` must be"):
        run(CheckData(source=replace(Source(data=folder), held_out=2)))
