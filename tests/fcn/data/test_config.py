"""Settings of a data set: label maps, bounds, the command line."""

import json
from pathlib import Path

import pytest
import tyro

from experiments.errors import UserError
from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.config import FolderConfig, Source, read_label_map


def test_label_maps_from_words_and_files(tmp_path):
    (tmp_path / "map.json").write_text('{"7": 1, "8": "ignore", "9": null}')
    assert read_label_map(["3=4", str(tmp_path / "map.json"), "8=2"]) == {3: 4, 7: 1, 8: 2, 9: None}


@pytest.mark.parametrize("entry", ["7", "7=", "a=1", "7=b", "7=-1", "-1=0", "70000=1", "7=255", "7=1.5"])
def test_a_label_map_at_fault_is_named(entry):
    with pytest.raises(ValueError, match="`label_map` must be pairs value=class"):
        read_label_map([entry])


def test_a_label_map_file_at_fault_is_named(tmp_path):
    (tmp_path / "line.json").write_text("[1]")
    absent = r"nine.json does not exist \(in .* there is line.json\)"
    for name, message in (("line.json", "line.json holds a list"), ("nine.json", absent)):
        with pytest.raises(UserError, match=message):
            read_label_map([str(tmp_path / name)])


@pytest.mark.parametrize(
    ("source", "augmentation", "name"),
    [
        *[({"held_out": x}, {}, "held_out") for x in (0, 1, float("nan"))],
        *[({"num_classes": x}, {}, "num_classes") for x in (0, 1, 256)],
        *[({"num_classes": 3, "classes": Path("x")}, {}, "num_classes"), ({"ignore": (-1,)}, {}, "ignore")],
        *[({}, {"crop": (0, 5)}, "crop"), ({}, {"scale": (0.5, 2.0)}, "scale")],
        *[({}, {"crop": (5, 5), "scale": x}, "scale") for x in ((2.0, 1.0), (0.0, 1.0), (1.0, float("inf")))],
        *[({}, {"turn": True}, "turn"), ({}, {"rotate": -1.0}, "rotate"), ({}, {"rotate": float("nan")}, "rotate")],
        *[({}, {"augmentation": x}, "augmentation") for x in ("module", "module:", ":function")],
        *[({}, {"contrast": x}, "contrast") for x in (-0.1, 1.5, float("nan"))],
    ],
)
def test_a_setting_out_of_bounds_is_named(source, augmentation, name):
    with pytest.raises(ValueError, match=f"`{name}` must be "):
        FolderConfig(source=Source(data=Path("x"), **source), augmentation=Augmentation(**augmentation))


def test_settings_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = "--flip-vertical --turn --rotate 10 --augmentation mine:change"
    arguments = (
        f"--data d --crop 32 48 --scale 0.5 2 --flip {own} --label-map 1=0 m.json --ignore 0 9 --width 4".split()
    )
    got = tyro.cli(FolderConfig, args=arguments)
    source = Source(data=tmp_path / "d", label_map=("1=0", str(tmp_path / "m.json")), ignore=(0, 9))
    assert got.source == source
    assert got.augmentation == Augmentation(
        crop=(32, 48), scale=(0.5, 2), flip=True, flip_vertical=True, turn=True, rotate=10, augmentation="mine:change"
    )
    assert got.network.width == 4
    json.dumps(got.to_json())
