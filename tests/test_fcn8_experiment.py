"""The FCN-8 experiment end to end on a tiny network: results, resuming, files at fault."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fcn_helpers import TINY, quick_float32
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from experiments.fcn.checkpoint import by_name
from experiments.fcn.config import Optimizer
from experiments.fcn.log import Log, read_log
from experiments.fcn.metrics import scores
from experiments.fcn.network import abstract_network
from experiments.fcn.optimizer import schedule
from experiments.fcn.report import save_scores, score
from experiments.fcn.run import is_due
from experiments.fcn.saved_model import load_model
from experiments.fcn.state import draw, loss, make_trainer, train_step
from experiments.fcn.task import Batch
from experiments.fcn.train import train
from experiments.fcn8 import __main__ as entry
from experiments.fcn8.__main__ import main
from experiments.fcn8.config import Config
from experiments.fcn8.data import CLASSES, DigitScenes, DigitTask
from experiments.progress import Progress
from jtconv.models import summary

SIGNATURE = DigitTask.signature
ARGUMENTS = [
    *["--steps", "6", "--batch-size", "2", "--width", "1", "--depths", "1", "1", "1", "1", "1"],
    *["--head-ch", "4", "--decoder-ch", "4", "--test-scenes", "4"],
    *["--evaluations", "2", "--checkpoints", "3"],
]
RESULTS = {
    *["config.json", "metrics.jsonl", "scores.json", "report.html", "model.json", "model.safetensors"],
    *["predictions.png", "curves.png", "confusion.png"],
}


@pytest.fixture(autouse=True)
def _single_precision():
    """Users train in float32, and so do these tests."""
    with quick_float32():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that nothing interrupted, started from the command line."""
    with quick_float32():
        folder = tmp_path_factory.mktemp("finished")
        assert main([*ARGUMENTS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the finished run, to be damaged."""
    return shutil.copytree(finished, tmp_path / "run")


def with_decoder(name):
    return replace(TINY, network=replace(TINY.network, decoder=name))


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def train_tiny(folder):
    return train(TINY, DigitTask(TINY), folder)


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# --- a whole run -----------------------------------------------------------------------------


def test_a_run_leaves_its_results(finished):
    assert {file.name for file in finished.iterdir()} == RESULTS | {"checkpoints", "best"}
    for picture in finished.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert {step.name for step in (finished / "checkpoints").iterdir()} == {"4", "6"}


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
    assert len(lines) == (1300 - first) / 65
    assert lines[-1].startswith("fcn8 step 1300/1300")


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


# --- training --------------------------------------------------------------------------------


def test_the_loss_is_the_mean_over_pixels_of_minus_log_likelihood():
    trainer, state, scenes = make_trainer(TINY, SIGNATURE), draw(TINY, SIGNATURE), Batch(*DigitScenes(TINY).batch(1))
    value, _ = loss(trainer, state.parameters, state.statistics, scenes)
    model = nnx.merge(trainer.network, state.parameters, state.statistics, copy=True)
    model.train()
    logits = np.asarray(nnx.jit(lambda m, x: m(x))(model, scenes.images), np.float64)
    likelihood = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    right = np.take_along_axis(likelihood, scenes.labels[..., None], -1)
    assert_allclose(value, -np.log(right).mean(), rtol=1e-5)


def test_one_batch_is_learnt_by_heart():
    network = replace(TINY.network, width=4, head_ch=16, decoder_ch=16)
    config = replace(TINY, steps=80, optimizer=Optimizer(learning_rate=2e-2), network=network)
    trainer, state, scenes = (
        make_trainer(config, SIGNATURE),
        draw(config, SIGNATURE),
        Batch(*DigitScenes(config).batch(1)),
    )
    values = []
    for _ in range(config.steps):
        state, value = train_step(trainer, state, scenes)
        values.append(float(value))
    shares = np.bincount(scenes.labels.ravel()) / scenes.labels.size
    constant_guess = -sum(share * np.log(share) for share in shares if share)
    assert values[-1] < 0.8 * constant_guess < values[0]


def test_learning_rate_rises_and_falls():
    rates = np.array([schedule(TINY.optimizer, steps=100)(step) for step in range(101)])
    assert rates[0] == 0
    assert rates.argmax() == 10
    assert_allclose(
        [rates.max(), rates[-1]], [TINY.optimizer.learning_rate, TINY.optimizer.learning_rate / 100], rtol=1e-5
    )
    assert (np.diff(rates[:11]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()


@pytest.mark.parametrize(("steps", "times"), [(10, 3), (7, 7), (100, 1), (3, 5), (1500, 10)])
def test_due_evenly_and_at_the_end(steps, times):
    due = [step for step in range(1, steps + 1) if is_due(step, steps, times)]
    assert len(due) == min(steps, times)
    assert due[-1] == steps
    assert np.ptp(np.diff([0, *due])) <= 1


# --- resuming --------------------------------------------------------------------------------


def interrupt_at(last):
    batch = DigitScenes.batch

    def interrupted(self, step, rows):
        if step == last:
            raise KeyboardInterrupt
        return batch(self, step, rows)

    return interrupted


@pytest.mark.parametrize("last", [1, 4, 6])
def test_an_interrupted_run_ends_with_the_same_parameters(finished, tmp_path, last, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(DigitScenes, "batch", interrupt_at(last))
        assert main([*ARGUMENTS, "--out", str(tmp_path)]) == 130
        assert "goes on from the last checkpoint" in capsys.readouterr().err
    expected = train_tiny(finished)  # has nothing left to do
    resumed = train_tiny(tmp_path)
    for (name, one), other in zip(by_name(resumed.state).items(), by_name(expected.state).values(), strict=True):
        assert_array_equal(one, other, err_msg=name)
    assert [drop_time(line) for line in lines(tmp_path)] == [drop_time(line) for line in lines(finished)]


def drop_time(line):
    return {key: value for key, value in line.items() if key not in ("seconds", "waiting")}


def test_a_checkpoint_that_was_half_written_is_passed_over(run):
    newest = run / "checkpoints" / "6"
    newest.rename(newest.with_name("6.orbax-checkpoint-tmp-1"))
    assert train_tiny(run).log[-1]["step"] == 6


def test_seconds_go_on_after_an_interruption(run):
    shutil.rmtree(run / "checkpoints" / "6")
    noted = [{"step": 4, "loss": 1.0, "learning_rate": 0.1, "seconds": 1000.0}]
    Log(run / "metrics.jsonl", noted)
    assert train_tiny(run).log[-2]["seconds"] > 1000


def test_log_lines_after_the_checkpoint_or_half_written_are_dropped(tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": 1, "loss": 2.0}\n{"step": 5, "loss": 1.0}\n[3]\n{"step": 2, "lo')
    assert read_log(file, 4) == [{"step": 1, "loss": 2.0}]


LINES_AT_FAULT = [
    *[b'{"step": "a"}', b'{"step": 1.5}', b'{"step": true}', b'{"loss": 1.0}', b"null"],
    *[b'{"step": 2, "seconds": "x"}', b'{"step": 2, "seconds": Infinity}', b'{"step": 2, "loss": null}'],
    *[b"\xff\xfe{}", b"[" * 100_000, b"{"],
]


@pytest.mark.parametrize("line", LINES_AT_FAULT, ids=range(len(LINES_AT_FAULT)))
def test_a_damaged_log_line_is_dropped(tmp_path, line):
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b'{"step": 1, "loss": 2.0}\n' + line + b'\n{"step": 3, "seconds": 4.5}\n')
    assert read_log(file, 4) == [{"step": 1, "loss": 2.0}, {"step": 3, "seconds": 4.5}]


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
    """In a process of its own: TensorStore's reads under way may come back as it ends."""
    newest = run / "checkpoints" / "6"
    max(newest.glob("state/**/d/*"), key=lambda file: file.stat().st_size).unlink()
    command = [sys.executable, "-m", "experiments.fcn8", *ARGUMENTS, "--out", str(run)]
    root = Path(__file__).parents[1]
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
