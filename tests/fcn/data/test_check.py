"""check-data: every problem is reported, with a hint."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import tyro
from PIL import Image

from experiments.errors import UserError
from experiments.fcn.commands.check_data import CheckData, run
from experiments.fcn.data.check import check_data
from experiments.fcn.data.config import Source
from experiments.fcn.data.task import load_task
from tests.fcn.data.files import COLOURS, MASK, SIZE, config, damage_label, halve, make, save


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
    assert result["splits"]["val"]["pixels"]["class 4"] == sum(len(range(4, sizes[i], 5)) for i in (7, 8))
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


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0, 255], {}, "hold nothing but 0 and 255, and 255 is ignored.*: if 255 is a class, give --label-map 255=1"),
        ([0, 255], {"num_classes": 2}, "to train on that hold nothing but 0 and 255.*--label-map 255=1"),
        ([255], {}, r"nothing but ignored pixels in the masks \(values: 255\): give values classes with --label-map"),
        ([7, 9], {"num_classes": 3, "ignore": (7, 9)}, r"in the masks to train on \(values: 7, 9\)"),
        ([0], {}, r"of one class alone, class 0 \(values: 0\): there is nothing to tell apart"),
        ([3, 255], {"num_classes": 4}, r"one class alone, class 3 \(values: 3, 255\)"),
    ],
)
def test_masks_with_nothing_to_learn_are_refused_by_training_too(tmp_path, values, options, message):
    problems = check_data(Source(data=masks_of(tmp_path, values), **options)).problems
    assert re.search(message, str(problems[0])), problems
    with pytest.raises(UserError, match=message):
        load_task(config(tmp_path, **options))


def test_two_classes_in_one_mask_of_many_are_enough(tmp_path):
    masks_of(tmp_path, [0, 255])
    for i in range(20):
        masks = [f"masks/train/{i}.png"]
        make(tmp_path, [f"images/train/{i}.png"], masks, np.full(SIZE, 255, np.uint8))
    save(MASK % 2, tmp_path / "masks/train/19.png")
    findings = check_data(Source(data=tmp_path))
    assert findings.problems == []
    assert f"19 of the masks hold nothing but ignored pixels, the first {tmp_path}" in findings.hints[-1]
    assert load_task(config(tmp_path, num_classes=2)).signature.num_classes == 2


def test_held_out_pictures_with_nothing_to_score_are_refused(folder):
    for i in (7, 8):
        save(np.full((20 + i, 30 - i), 255, np.uint8), folder / f"masks/val/{i}.png")
    message = r"nothing but ignored pixels in the masks that are held out \(values: 255\)"
    with pytest.raises(UserError, match=message):
        load_task(config(folder, num_classes=5))
    assert any(re.search(message, str(x)) for x in check_data(Source(data=folder)).problems)


def test_no_hint_where_nothing_is_wrong(tmp_path):
    assert check_data(Source(data=masks_of(tmp_path, [0, 1, 2, 255]))).hints == []


def test_jpeg_masks_and_absent_classes_are_hinted_at(folder):
    make(folder, [], ["masks/train/0.jpg"])
    (folder / "masks/train/0.png").unlink()
    hints = check_data(Source(data=folder, num_classes=6)).hints
    assert "1 of the masks are JPEG" in hints[0]
    assert "no pixel of class 5 in train" in hints


@pytest.mark.parametrize(("orientation", "of"), [(6, "picture"), (8, "mask"), (3, None), (None, None)])
def test_exif_is_blamed_only_where_it_turns_one_of_the_two(tmp_path, orientation, of):
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    masks_of(tmp_path, [0, 1])
    mask = MASK % 2 if of else (MASK % 2).T.copy()  # or whoever drew the mask swapped the sides
    save(COLOURS, tmp_path / "images/train/a.png", exif=Image.Exif() if of == "mask" else exif)
    save(mask, tmp_path / "masks/train/a.png", exif=exif if of == "mask" else Image.Exif())
    (problem,) = check_data(Source(data=tmp_path)).problems
    assert ("EXIF" in str(problem)) == (of is not None)
    assert of is None or f"the {of}'s EXIF data turn it" in str(problem)


def test_problems_that_are_alike_are_grouped(folder, capsys):
    for i in range(40):
        save(COLOURS, folder / f"images/train/lone {i}.png")
    for i in (0, 1):
        save(np.full((20 + i, 30 - i), 9 + i, np.uint8), folder / f"masks/train/{i}.png")
    assert check(folder, "--num-classes", "5") == 1
    lines = [line.strip() for line in capsys.readouterr().out.partition("problems:\n")[2].splitlines()]
    assert ["lone" in line for line in lines[:3]] == [True] * 3
    assert lines[3] == "… and 37 more like it (--json lists all)"
    assert [("none of the 5 classes" in line) for line in lines[4:6]] == [True] * 2
    assert check(folder, "--json") == 1
    assert sum("lone" in x for x in json.loads(capsys.readouterr().out)["problems"]) == 40


def test_settings_of_check_data_are_checked(folder):
    with pytest.raises(ValueError, match="`held_out` must be"):
        run(CheckData(source=replace(Source(data=folder), held_out=2)))
