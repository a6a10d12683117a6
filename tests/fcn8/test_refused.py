"""Settings, files and folders at fault are refused in one line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_allclose

from experiments.fcn.config import Optimizer
from experiments.fcn.metrics import scores
from experiments.fcn.optimizer import schedule
from experiments.fcn.report import save_scores
from experiments.fcn8.__main__ import main
from experiments.fcn8.config import Config
from experiments.fcn8.data import CLASSES
from tests.fcn8.runs import ARGUMENTS

pytestmark = pytest.mark.usefixtures("single_precision")


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# --- settings at fault -----------------------------------------------------------------------


SETTINGS = {
    **dict.fromkeys(("steps", "batch-size", "width", "head-ch", "decoder-ch"), "0"),
    **dict.fromkeys(("test-scenes", "evaluations", "checkpoints"), "-3"),
    **{"seed": "-1", "learning-rate": "nan", "warm-up": "1", "weight-decay": "inf", "overlap": "3"},
    **{"augmentation.shear": "-0.1", "augmentation.shift": "inf", "augmentation.fade": "1.5"},
}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, name, value):
    arguments = [f"--{name}={value}", "--out", str(tmp_path / "out")]
    assert_refused(arguments, tmp_path, capsys, f"`{name.replace('-', '_')}` must be ", f"got {value}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("depths", [["1", "1"], ["1", "1", "0", "1", "1"]])
def test_depths_are_five_counts(tmp_path, capsys, depths):
    assert_refused(["--depths", *depths, "--out", str(tmp_path)], tmp_path, capsys, "`depths` must be 5 counts")


def test_a_warm_up_of_nearly_all_steps_leaves_one_to_the_cosine():
    assert_allclose(schedule(Optimizer(warm_up=0.99), steps=3)(2), TINY.optimizer.learning_rate, rtol=1e-5)


def test_data_is_the_same_folder_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Config(data=Path("m2nist")) == Config(data=tmp_path / "m2nist")


def test_a_class_without_pixels_scores_null(tmp_path):
    confusion = np.zeros((11, 11), np.int64)
    save_scores(scores(confusion, CLASSES), confusion, CLASSES, tmp_path / "scores.json", 1.0)
    saved = json.loads((tmp_path / "scores.json").read_text())
    assert saved["digit_iou"] is saved["class_iou"]["3"] is None


# --- files at fault --------------------------------------------------------------------------


def assert_refused(arguments, folder, capsys, *named):
    """Status 2, one line on stderr that names the file, and nothing in the folder has changed."""
    before = contents(folder)
    capsys.readouterr()
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    for name in named:
        assert str(name) in message
    assert contents(folder) == before


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [halve, flip, lambda file: file.unlink()], ids=["halved", "flipped", "gone"])
@pytest.mark.parametrize("part", ["state/manifest.ocdbt", "state/ocdbt.process_0/d/*", "digest/metadata"])
def test_a_damaged_checkpoint_is_refused_then_passed_over(run, capsys, part, damage):
    newest = run / "checkpoints" / "6"
    for file in newest.glob(part):
        damage(file)
    assert_refused([*ARGUMENTS, "--out", str(run)], run, capsys, newest, "delete it")
    shutil.rmtree(newest)
    assert main([*ARGUMENTS, "--out", str(run)]) == 0


def test_the_checkpoint_whose_date_is_damaged_is_named(run, capsys):
    """Orbax reads the dates of all before it opens one."""
    older = min((run / "checkpoints").iterdir(), key=lambda folder: int(folder.name))
    (older / "_CHECKPOINT_METADATA").write_text('{"custom_metadata": {"a": 1}, "unknown": 1}')
    assert_refused([*ARGUMENTS, "--out", str(run)], run, capsys, older, "delete it")


def test_a_damaged_checkpoint_is_one_line_on_stderr(run):
    """Run in a process of its own: TensorStore's reads under way may come back as it ends."""
    newest = run / "checkpoints" / "6"
    max(newest.glob("state/**/d/*"), key=lambda file: file.stat().st_size).unlink()
    command = [sys.executable, "-m", "experiments.fcn8", *ARGUMENTS, "--out", str(run)]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert str(newest) in result.stderr


def test_a_checkpoint_of_another_step_is_refused(run, capsys):
    checkpoints = run / "checkpoints"
    shutil.rmtree(checkpoints / "6")
    (checkpoints / "4").rename(checkpoints / "5")
    assert_refused([*ARGUMENTS, "--out", str(run)], run, capsys, checkpoints / "5", "its digest differs")


def make_file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    return path


OUT_AT_FAULT = {
    "a file": lambda folder: make_file(folder / "out"),
    "below a file": lambda folder: make_file(folder / "out") / "a" / "b",
    "unwritable": lambda _: Path("/proc/nix"),
    "too long": lambda folder: folder / ("x" * 300),
    "checkpoints": lambda folder: make_file(folder / "out" / "checkpoints").parent,
    "scores": lambda folder: make_file(folder / "out" / "scores.json" / "a").parents[1],
    "metrics": lambda folder: make_file(folder / "out" / "metrics.jsonl" / "a").parents[1],
}


@pytest.mark.parametrize("fault", OUT_AT_FAULT.values(), ids=OUT_AT_FAULT)
def test_a_folder_that_cannot_hold_results_is_refused(tmp_path, capsys, fault):
    out = fault(tmp_path)
    assert_refused([*ARGUMENTS, "--out", str(out)], tmp_path, capsys, "choose another --out")


def test_another_configuration_is_refused(run, capsys):
    arguments = [*ARGUMENTS, "--seed", "5", "--augmentation.shear", "0.5", "--out", str(run)]
    named = ["config.json", "seed (saved 0, now 5)", "augmentation.shear (", "--out"]
    assert_refused(arguments, run, capsys, *named)


@pytest.mark.parametrize(
    "damage",
    [halve, lambda file: file.write_text("[1]"), lambda file: file.write_text("[" * 100_000)],
    ids=["halved", "a list", "deep"],
)
def test_a_damaged_configuration_is_refused(run, capsys, damage):
    damage(run / "config.json")
    assert_refused([*ARGUMENTS, "--out", str(run)], run, capsys, "config.json", "choose another --out")


def test_checkpoints_without_configuration_are_refused(run, capsys):
    (run / "config.json").unlink()
    assert_refused([*ARGUMENTS, "--out", str(run)], run, capsys, "config.json")


def test_damaged_data_is_refused_before_anything_is_written(tmp_path, capsys):
    np.save(tmp_path / "combined.npy", np.zeros((4, 64, 84), np.uint8))
    arguments = [*ARGUMENTS, "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert_refused(arguments, tmp_path, capsys, tmp_path / "segmented.npy", "leave out --data")
    assert not (tmp_path / "out").exists()
