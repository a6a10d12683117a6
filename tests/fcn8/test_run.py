"""The FCN-8 experiment end to end on a tiny network: results, progress, comparison of decoders."""

import json
import os
import stat
import sys
from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_allclose, assert_array_equal

from experiments.fcn.network import abstract_network
from experiments.fcn.report import score
from experiments.fcn.saved_model import load_model
from experiments.fcn8 import __main__ as entry
from experiments.fcn8.__main__ import main
from experiments.fcn8.data import DigitScenes, DigitTask
from experiments.progress import Progress
from jtconv.models import summary
from tests.fcn8.runs import ARGUMENTS, SIGNATURE, lines

pytestmark = pytest.mark.usefixtures("single_precision")

RESULTS = {
    *["config.json", "metrics.jsonl", "scores.json", "report.html", "model.json", "model.safetensors"],
    *["predictions.png", "curves.png", "confusion.png"],
}


def with_decoder(name):
    return replace(TINY, network=replace(TINY.network, decoder=name))


def test_a_run_leaves_its_results(finished):
    there = {file.name for file in finished.iterdir()}
    assert there - {"model_best.safetensors"} == RESULTS | {"checkpoints", "best"}
    for picture in finished.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert {step.name for step in (finished / "checkpoints").iterdir()} == {"4", "6"}


def test_what_a_run_leaves_has_the_permissions_that_the_umask_leaves(finished):
    umask = os.umask(0)
    os.umask(umask)
    left = [*finished.rglob("*")]
    assert len(left) > 20
    for path in left:
        usual = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == usual & ~umask, path


def test_the_model_that_a_run_leaves_has_its_scores(finished):
    test = [scene._replace(image=255 * scene.image) for scene in DigitTask(TINY).test]  # as in files, not 0 to 1
    confusion, each = score(load_model(finished), test)
    assert_array_equal(confusion, json.loads((finished / "scores.json").read_text())["confusion"])
    assert len(each) == TINY.test_scenes


def test_metrics_file(finished):
    values = {key: [line["step"] for line in lines(finished) if key in line] for key in ("loss", "mean_iou")}
    assert values == {"loss": [6], "mean_iou": [3, 6]}


def test_scores_follow_from_the_confusion_matrix(finished):
    result = json.loads((finished / "scores.json").read_text())
    confusion = np.array(result["confusion"])
    assert confusion.sum() == TINY.test_scenes * 64 * 84
    ious = []
    for c in range(10):
        either = sum(confusion[c, k] + confusion[k, c] for k in range(11)) - confusion[c, c]
        if either:
            ious.append(confusion[c, c] / either)
    assert_allclose(result["digit_iou"], np.mean(ious))


def test_a_finished_run_is_not_trained_again(run, capsys, monkeypatch):
    def no_batch(*_):
        raise AssertionError("a batch was asked for")

    before = lines(run)
    monkeypatch.setattr(DigitScenes, "batch", no_batch)
    assert main([*ARGUMENTS, "--out", str(run)]) == 0
    out = capsys.readouterr().out
    assert "mean digit IoU" in out
    assert "already trained: 6 steps" in out
    assert lines(run) == before


def test_plain_lines_where_the_output_is_no_terminal(capfd):
    with Progress("fcn8", steps=100, first=0) as progress:
        for step in range(1, 101):
            progress.note(step, loss=0.5, learning_rate=1e-3)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "fcn8 step 5/100: loss 0.5000, rate 1.0e-03"
    assert len(lines) == 20


@pytest.mark.parametrize("first", [0, 650])
def test_plain_lines_are_even_where_notes_are_ten_steps_apart(capfd, first):
    with Progress("fcn8", steps=1300, first=first) as progress:
        for step in range(first + 10, 1301, 10):
            progress.note(step, loss=0.5, learning_rate=1e-3)
    lines = capfd.readouterr().err.splitlines()
    assert [int(line.split()[2].partition("/")[0]) for line in lines] == [
        *(step for step in range(70, 1300, 70) if step > first),
        1300,
    ]


def test_compiling_the_time_left_and_a_long_silence_are_said(capfd, monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with Progress("fcn8", steps=400, first=100) as progress:
        progress.compiling()
        now += 12
        progress.compiled(101)
        for step in (102, 103, 104):
            now += 6
            progress.passed(step)
        now += 6 * 56
        progress.note(160, loss=0.5, learning_rate=1e-3)
    assert capfd.readouterr().err.splitlines() == [
        "fcn8 compiling the training step …",
        "fcn8 compiled in 12 s",
        "fcn8 step 104/400, about 29:36 left",
        "fcn8 step 160/400: loss 0.5000, rate 1.0e-03, about 24:00 left",
    ]


def test_a_bar_with_loss_and_rate_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("fcn8", steps=100, first=50) as progress:
        progress.note(75, loss=0.5, learning_rate=1e-3)
        progress.say("half way")
        progress.note(100, loss=0.25, learning_rate=1e-4)
    text = capsys.readouterr().err
    assert "fcn8 half way\n" in text
    assert "100/100" in text
    assert "loss 0.2500, rate 1.0e-04" in text


def test_comparison_differs_in_the_decoder_alone(tmp_path, capsys, monkeypatch):
    runs = []
    monkeypatch.setattr(entry, "run", lambda config, folder, **_: runs.append((config, folder)) or "a row")
    assert main([*ARGUMENTS, "--compare", "--out", str(tmp_path)]) == 0
    names = ["fcn32", "fcn16", "fcn8", "fcn4", "fcn2"]
    assert runs == [(with_decoder(name), tmp_path / name) for name in names]
    assert capsys.readouterr().out.splitlines()[1:] == ["a row"] * 5


def test_decoders_are_the_networks_of_their_names():
    for name, skips in {"fcn32": 0, "fcn16": 1, "fcn8": 2, "fcn4": 3, "fcn2": 4}.items():
        network = abstract_network(with_decoder(name).network, SIGNATURE)
        assert type(network).__name__ == name.upper()
        kinds = [row.kind for row in summary(network, (1, 64, 84, 1)).layers]
        assert sum("ConvTranspose" in kind for kind in kinds) == skips + 1
