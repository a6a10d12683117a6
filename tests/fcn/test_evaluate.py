"""`evaluate` from the command line."""

import json
import shutil

import numpy as np
import pytest
from fcn_models import drawn_image
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn import metrics as sk

from experiments.fcn.__main__ import main
from experiments.fcn.data.pairs import share_of

pytestmark = pytest.mark.usefixtures("single_precision")


@pytest.fixture
def data(tmp_path):
    """A folder of pictures with masks; those to be scored differ in size."""
    folder = tmp_path / "data"
    for split, sizes in {"train": [(40, 40)], "val": [(50, 70), (33, 64), (64, 33)]}.items():
        for part in ("images", "masks"):
            (folder / part / split).mkdir(parents=True)
        for i, size in enumerate(sizes):
            mask = np.random.default_rng(i).choice([0, 1, 2, 3, 255], size).astype(np.uint8)
            Image.fromarray(drawn_image(*size)).save(folder / "images" / split / f"{split}{i}.png")
            Image.fromarray(mask).save(folder / "masks" / split / f"{split}{i}.png")
    return folder


def test_evaluate_agrees_with_the_files_that_predict_writes(run, data, tmp_path, capsys):
    (run / "config.json").write_text(json.dumps({"source": {"data": str(data), "classes": None, "ignore": [255]}}))
    assert main(["evaluate", str(run), "--out", str(tmp_path / "scores")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 pictures with masks\n")
    assert "<b>road</b>" in said
    saved = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert main(["predict", str(run), str(data / "images" / "val"), "--out", str(tmp_path / "found")]) == 0
    files = sorted((data / "masks" / "val").iterdir())
    assert len(files) == 3
    truth = np.concatenate([np.asarray(Image.open(file)).ravel() for file in files])
    found = np.concatenate([np.asarray(Image.open(tmp_path / "found" / file.name)).ravel() for file in files])
    known = truth != 255
    expected = sk.confusion_matrix(truth[known], found[known], labels=range(4))
    assert_array_equal(saved["confusion"], expected)
    iou = np.diag(expected) / (expected.sum(0) + expected.sum(1) - np.diag(expected))
    assert_allclose(list(saved["class_iou"].values()), iou)
    assert_allclose(saved["thing_iou"], iou[1:].mean())


def test_evaluate_on_another_folder_and_split(run, data, capsys, tmp_path):
    (run / "config.json").write_text("{}")
    counted = {}
    for split in ("train", "val", "all"):
        assert main(["evaluate", str(run), "--data", str(data), "--split", split, "--out", str(tmp_path)]) == 0
        masks = (data / "masks").rglob("*.png") if split == "all" else (data / "masks" / split).iterdir()
        counted[split] = sum((np.asarray(Image.open(mask)) != 255).sum() for mask in masks)
        confusion = json.loads((tmp_path / "scores.json").read_text())["confusion"]
        assert np.sum(confusion) == counted[split]
    assert counted["all"] == counted["train"] + counted["val"]


def test_evaluate_on_what_was_kept_aside(run, data, tmp_path, capsys):
    """By a folder of its own, and by a share; the run's settings say which."""
    for part in ("images", "masks"):
        (data / part / "test").mkdir()
        for file in sorted((data / part / "val").iterdir())[:2]:
            file.rename(data / part / "test" / file.name)
    source = {"data": str(data), "classes": None}
    (run / "config.json").write_text(json.dumps({"source": source}))
    for arguments, number in (([], 1), (["--split", "test"], 2), (["--split", "all"], 4)):
        assert main(["evaluate", str(run), *arguments]) == 0
        assert capsys.readouterr().out.startswith(f"{number} picture")
    # Of a run from when held-out pictures were named by test_split.
    (run / "config.json").write_text(json.dumps({"source": source | {"test_split": "test"}}))
    assert main(["evaluate", str(run)]) == 0
    assert capsys.readouterr().out.startswith("2 pictures")
    for part in ("images", "masks"):
        for split in ("train", "val", "test"):
            for file in list((data / part / split).iterdir()):
                file.rename(data / part / file.name)
            (data / part / split).rmdir()
    shares = {path.stem: share_of(path.stem) for path in (data / "images").iterdir()}
    kept = sum(share >= 0.6 for share in shares.values())
    assert 0 < kept < len(shares)
    share = {"val_split": None, "held_out": 0.2, "test_share": 0.4}
    (run / "config.json").write_text(json.dumps({"source": source | share}))
    assert main(["evaluate", str(run), "--split", "test"]) == 0
    assert capsys.readouterr().out.startswith(f"{kept} picture")


def test_evaluate_on_a_test_set_alone(run, data, tmp_path, capsys):
    """All of its pictures, though there are none to train on."""
    (run / "config.json").write_text("{}")
    for part in ("images", "masks"):
        shutil.rmtree(data / part / "train")
        (data / part / "val").rename(data / part / "test")
    assert main(["evaluate", str(run), "--data", str(data), "--split", "test", "--out", str(tmp_path)]) == 0
    assert "3 pictures" in capsys.readouterr().out
    for other in ("val", "train"):  # never a share of what there is instead
        assert main(["evaluate", str(run), "--data", str(data), "--split", other]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        ("{}", [], "config.json names no folder of pictures: name one: --data DIR"),
        ("[", [], "config.json cannot be read"),
        ("{}", ["--data", "/nowhere"], "/nowhere"),
    ],
)
def test_evaluate_without_data_is_refused(run, capsys, config, arguments, message):
    (run / "config.json").write_text(config)
    assert main(["evaluate", str(run), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("command", "goes_on"), [("train", True), ("predict", False)])
def test_an_interruption_promises_what_is_kept(monkeypatch, capsys, command, goes_on):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.fcn.__main__.execute", interrupted)
    assert main([command]) == 130
    error = capsys.readouterr().err
    assert "Interrupted" in error
    assert ("goes on from the last checkpoint" in error) == goes_on
