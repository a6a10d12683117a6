"""Training as a run: stopping, resuming, what is not finite, full disks, where it begins."""

import errno
import itertools
import os
import shutil
import struct
import sys
import time
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from fcn_helpers import TINY, quick_float32
from numpy.testing import assert_allclose, assert_array_equal

from experiments.errors import UserError
from experiments.fcn import log as log_module
from experiments.fcn import run
from experiments.fcn.__main__ import main
from experiments.fcn.checkpoint import Checkpoints, by_name, restore
from experiments.fcn.commands.train import parse
from experiments.fcn.config import Initial, Optimizer
from experiments.fcn.evaluate import as_model
from experiments.fcn.feed import Feed, Spent
from experiments.fcn.initial import begin
from experiments.fcn.log import Log, best_of, is_stopped
from experiments.fcn.network import abstract_network
from experiments.fcn.presets import PRESETS
from experiments.fcn.saved_model import save_model
from experiments.fcn.state import draw, make_trainer
from experiments.fcn.task import Batch, Classes, Signature
from experiments.fcn.train import Trained, train
from experiments.fcn8.data import DigitScenes, DigitTask
from experiments.progress import Progress
from jtconv.models import summary
from jtconv.weights import Preprocessing, save

SIGNATURE = DigitTask.signature
# Everything at once that a checkpoint must hold.
ALL = replace(
    TINY,
    checkpoints=2,
    patience=5,
    class_weights="balanced",
    network=replace(TINY.network, dropout=0.5),
    optimizer=Optimizer(
        kind="sgd",
        learning_rate=1e-2,
        schedule="poly",
        bias_rate=2.0,
        freeze_encoder=True,
        fixed_upsampling=True,
        accumulate=2,
        average=0.5,
    ),
)
SCORED_OFTEN = replace(TINY, evaluations=6, checkpoints=6)


@pytest.fixture(autouse=True)
def _single_precision():
    with quick_float32():
        yield


def train_digits(config, folder, **options):
    return train(config, DigitTask(config), folder, **options)


def steps_in(folder):
    return sorted(int(path.name) for path in folder.iterdir())


def lines(result: Trained):
    return [{k: v for k, v in line.items() if k not in ("seconds", "waiting")} for line in result.log]


def train_until(last, config, folder, monkeypatch):
    """The step `last` is not taken."""
    step, count = run.train_step, itertools.count(1)

    def interrupted(*args):
        if next(count) == last:
            raise KeyboardInterrupt
        return step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(run, "train_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_digits(config, folder)


def refused(config, folder):
    """What training says."""
    with pytest.raises(UserError) as problem:
        train_digits(config, folder)
    assert "\n" not in str(problem.value)
    return str(problem.value)


# --- resuming --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with all options."""
    with quick_float32():
        folder = tmp_path_factory.mktemp("finished")
        return folder, train_digits(ALL, folder)


def last_state(folder):
    """At the end of a run with all options."""
    step, state = restore(folder / "checkpoints", draw(ALL, SIGNATURE)) or (None, None)
    assert step == 6
    assert state is not None
    return state


def test_a_run_with_all_options_resumes_to_the_bit(finished, tmp_path, monkeypatch):
    train_until(5, ALL, tmp_path, monkeypatch)
    # Between two changes of the parameters.
    assert steps_in(tmp_path / "checkpoints") == [3]
    resumed = train_digits(ALL, tmp_path)
    assert lines(resumed) == lines(finished[1])
    names, other = by_name(last_state(tmp_path)), last_state(finished[0])
    assert {name.split(".")[0] for name in names} == {"parameters", "statistics", "optimizer", "average"}
    for name, array in by_name(other).items():
        assert_array_equal(names[name], array, err_msg=name)


def test_the_average_is_what_is_scored_and_saved(finished):
    folder, trained = finished
    last = last_state(folder)
    best = best_of(trained.log)
    assert best is not None
    assert steps_in(folder / "best") == [best.step]
    name = "parameters.conv6.conv.kernel.value"
    assert not np.array_equal(by_name(last)[name], by_name(last)["average." + name])
    model = as_model(trained.trainer, last, trained.task)
    assert_array_equal(model.parameters["conv6"]["conv"]["kernel"][...], by_name(last)["average." + name])


def test_the_dropout_goes_on_where_it_was(finished):
    """Its keys are counted in the state, which files hold as integers."""
    last = last_state(finished[0])
    counts = [array for name, array in by_name(last).items() if "count" in name and "dropout" in name]
    assert [int(count) for count in counts if count.ndim == 0] == [6, 6] * 2  # also in the average


# --- early stop ------------------------------------------------------------------------------


def evaluations(*values):
    return [{"step": 10 * i, "mean_iou": value} for i, value in enumerate(values, 1)]


def test_the_best_is_the_first_of_the_highest():
    assert best_of([]) is None
    assert best_of(evaluations(0.1, 0.3, 0.3, 0.2)) == (20, 0.3, 2)
    assert best_of(evaluations(np.nan, 0.0)) == (20, 0.0, 0)


@pytest.mark.parametrize(("patience", "stopped"), [(None, False), (1, True), (2, True), (3, False)])
def test_patience_is_counted_from_the_best(patience, stopped):
    assert is_stopped(evaluations(0.1, 0.3, 0.2, 0.3), patience) == stopped


def test_a_run_that_gets_no_better_ends_early_also_when_it_is_resumed(tmp_path, monkeypatch, capfd):
    config = replace(SCORED_OFTEN, patience=2, checkpoints=3)
    monkeypatch.setattr(run, "evaluate", lambda *_: np.eye(11, dtype=np.int64))
    train_until(3, config, tmp_path, monkeypatch)
    result = train_digits(config, tmp_path)
    assert [line["step"] for line in result.log] == [1, 2, 3]
    assert "ends at step 3: the best mean IoU was 1.000, at step 1" in capfd.readouterr().err
    assert (steps_in(tmp_path / "checkpoints"), steps_in(tmp_path / "best")) == ([2, 3], [1])
    best = restore(tmp_path / "best", result.state)
    assert best is not None
    for name, array in by_name(best[1]).items():
        assert_array_equal(by_name(result.state)[name], array, err_msg=name)
    monkeypatch.setattr(run, "train_step", None)
    train_digits(config, tmp_path)
    assert "already trained: 3 steps" in capfd.readouterr().out


def test_the_best_state_is_written_before_the_checkpoint_of_its_step(tmp_path, monkeypatch):
    """Else a run that is killed between the two would go on without it."""
    save, seen = Checkpoints.save, []

    def noting(self, step, state):
        if self.folder.name == "checkpoints":
            seen.append((step, steps_in(tmp_path / "best")))
        save(self, step, state)

    monkeypatch.setattr(Checkpoints, "save", noting)
    best = itertools.count(1)
    monkeypatch.setattr(
        run, "evaluate", lambda *_: np.eye(11, dtype=np.int64) * 9 + np.ones((11, 11), int) // next(best)
    )
    train_digits(replace(SCORED_OFTEN, steps=2), tmp_path)
    assert seen == [(1, [1]), (2, [2])]


def test_a_best_state_that_is_gone_is_named(tmp_path):
    config = replace(TINY, steps=1, patience=1)
    train_digits(config, tmp_path)
    shutil.rmtree(tmp_path / "best")
    assert "best does not hold the best state any more: delete checkpoints beside it" in refused(config, tmp_path)
    shutil.rmtree(tmp_path / "checkpoints")
    train_digits(config, tmp_path)


# --- what is not finite, full disks ----------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_training_before_it_is_saved(tmp_path, monkeypatch):
    batch = DigitScenes.batch

    def damaged(self, step, rows):
        scenes = batch(self, step, rows)
        return scenes._replace(images=scenes.images * np.float32(np.nan if step == 4 else 1))

    with monkeypatch.context() as patch:
        patch.setattr(DigitScenes, "batch", damaged)
        message = refused(TINY, tmp_path)
    last = tmp_path / "checkpoints" / "2"
    assert message.startswith(f"{last} is the last good checkpoint, as the loss is nan at step 4: ")
    assert "--learning-rate" in message
    assert "--clip-norm" in message
    assert steps_in(last.parent) == [2]
    assert train_digits(TINY, tmp_path).log[-1]["step"] == 6


def test_parameters_that_are_not_finite_are_not_saved(tmp_path, monkeypatch):
    step, count = run.train_step, itertools.count(1)

    def overflowing(*args):
        state, loss = step(*args)
        divisor = 0 if next(count) == 2 else 1
        return state._replace(parameters=jax.tree.map(lambda x: x / divisor, state.parameters)), loss

    monkeypatch.setattr(run, "train_step", overflowing)
    with pytest.raises(UserError, match="is without a checkpoint, as the parameters are not finite at step 2: "):
        train_digits(TINY, tmp_path)
    assert steps_in(tmp_path / "checkpoints") == steps_in(tmp_path / "best") == []


FULL = {
    "save": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "wait_until_finished": ValueError("RESOURCE_EXHAUSTED: Failed to write: No space left on device"),
}


@pytest.mark.parametrize("method", FULL)
def test_a_full_disk_is_a_line_and_leaves_the_checkpoint_before(tmp_path, monkeypatch, method):
    original = getattr(ocp.CheckpointManager, method)
    half = tmp_path / "checkpoints" / "4.orbax-checkpoint-tmp"

    def full(self, *args, **options):
        if self.directory.name == "checkpoints" and self.latest_step() == (2 if method == "save" else 6):
            half.mkdir(exist_ok=True)
            raise FULL[method]
        return original(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ocp.CheckpointManager, method, full)
        message = refused(TINY, tmp_path)
    assert "checkpoints cannot take another checkpoint (No space left on device): free some space" in message
    assert not half.exists()
    if method == "save":
        assert steps_in(tmp_path / "checkpoints") == [2]
    assert train_digits(TINY, tmp_path).log[-1]["step"] == 6


# --- data ahead, progress, TensorBoard -------------------------------------------------------


class Result:
    def __init__(self, ready):
        self.ready = ready

    def is_ready(self):
        return self.ready


@pytest.mark.parametrize("ready", [False, True])
def test_waiting_is_fetching_while_nothing_runs(ready):
    def slow():
        for i in range(3):
            time.sleep(0.02)
            yield Batch(np.full((1, 1, 1, 1), i), np.zeros((1, 1, 1), np.int32))

    feed = Feed(slow())
    for i in range(3):
        assert feed.take().images == i
        feed.prepare(Result(ready))
    assert feed.waited >= 0.04 if ready else feed.waited == 0


def test_shares_and_speeds_of_a_lap():
    lap = Spent(30, 5.0, 0.5).since(Spent(10, 1.0, 0.3))
    assert_allclose(lap.waiting, 0.05)
    assert lap.speed == 5
    assert (Spent().waiting, Spent().speed) == (0, None)


def test_the_share_of_waiting_is_logged_and_said(finished, capfd):
    _, trained = finished
    assert all(0 <= line["waiting"] <= 1 for line in trained.log if "loss" in line)


def test_progress_has_pictures_per_second_and_the_time_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("fcn8", steps=100, first=0) as progress:
        progress.note(50, 0.5, 1e-3, 123.4)
        progress.bar.refresh()
    text = capsys.readouterr().err
    assert "loss 0.5000, rate 1.0e-03, 123 pictures/s" in text
    assert "<" in text  # elapsed<left


def test_tensorboard_has_the_numbers_of_the_log(tmp_path):
    proto = import_module("tensorboardX.proto.event_pb2")
    log = train_digits(TINY, tmp_path, tensorboard=True).log
    (file,) = (tmp_path / "tensorboard").iterdir()
    data, seen = file.read_bytes(), set()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = proto.Event.FromString(data[12 : 12 + length])
        seen |= {(event.step, value.tag, value.simple_value) for value in event.summary.value}
        data = data[16 + length :]
    expected = {(line["step"], k, np.float32(v)) for line in log for k, v in line.items() if k != "step"}
    assert seen == expected


def test_tensorboard_without_its_package_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"`tensorboard` needs .*pip install 'jtconv\[tensorboard\]'"):
        train_digits(TINY, tmp_path / "out", tensorboard=True)
    assert not (tmp_path / "out").exists()


# --- where a run begins ----------------------------------------------------------------------

PLAIN = replace(TINY, steps=1, network=replace(TINY.network, normalise=False))


def vgg_file(folder):
    """torchvision's names, for three channels and the tiny network's widths."""
    rng, arrays, in_ch = np.random.default_rng(0), {}, 3
    for i, out_ch in zip((0, 3, 6, 9, 12), (1, 2, 4, 8, 8), strict=True):
        arrays[f"features.{i}.weight"] = rng.normal(size=(out_ch, in_ch, 3, 3)).astype(np.float32)
        arrays[f"features.{i}.bias"] = rng.normal(size=out_ch).astype(np.float32)
        in_ch = out_ch
    save(folder / "vgg.npz", arrays)
    return folder / "vgg.npz", arrays


def beginning(config, signature=SIGNATURE):
    return begin(config, signature, make_trainer(config, signature), draw(config, signature))


def test_an_encoder_from_a_file_brings_its_preprocessing(tmp_path):
    file, arrays = vgg_file(tmp_path)
    config = replace(PLAIN, initial=Initial(encoder=file))
    state, preprocessing = beginning(config)
    for stage, number in enumerate((0, 3, 6, 9, 12)):
        expected = arrays[f"features.{number}.weight"].transpose(2, 3, 1, 0)
        expected = expected.sum(2, keepdims=True) if stage == 0 else expected  # the digits are grey
        got = by_name(state)[f"parameters.encoder.stages.{stage}.convs.0.conv.kernel.value"]
        assert_allclose(got, expected, rtol=1e-6)
    white = np.ones((1, 1, 1), np.float32)  # 255 in torchvision's pictures, 1 in the digits'
    torch = Preprocessing.torch().with_channels(1)
    assert_allclose(preprocessing(white), torch(255 * white), rtol=1e-6)


def test_a_run_goes_on_when_the_encoders_file_is_gone(tmp_path):
    file, _ = vgg_file(tmp_path)
    config = replace(PLAIN, initial=Initial(encoder=file))
    first = train_digits(config, tmp_path / "out")
    file.unlink()
    again = train_digits(config, tmp_path / "out")
    assert again.trainer.preprocessing == first.trainer.preprocessing != SIGNATURE.preprocessing
    (tmp_path / "out" / "preprocessing.json").unlink()
    with pytest.raises(UserError, match=r"preprocessing\.json is missing or damaged"):
        train_digits(config, tmp_path / "out")


def test_an_encoder_that_does_not_fit_is_one_line(tmp_path):
    file, arrays = vgg_file(tmp_path)
    save(file, arrays | {"features.3.weight": np.zeros((5, 1, 3, 3), np.float32)})
    with pytest.raises(UserError, match="features.3.weight") as problem:
        beginning(replace(PLAIN, initial=Initial(encoder=file)))
    assert "\n" not in str(problem.value)
    with pytest.raises(UserError, match="cannot be the encoder"):
        beginning(replace(PLAIN, initial=Initial(encoder=tmp_path / "nothing.npz")))


def saved_run(config, folder, preprocessing=SIGNATURE.preprocessing):
    signature = SIGNATURE._replace(preprocessing=preprocessing)
    state, trainer = draw(config, signature), make_trainer(config, signature)
    folder.mkdir()
    save_model(as_model(trainer, state, DigitTask(config)), config.network, folder)
    return state


def with_decoder(config, decoder):
    return replace(config, network=replace(config.network, decoder=decoder))


def test_a_finer_decoder_starts_from_a_coarser_ones_run(tmp_path):
    other = Preprocessing(channels=(0,), mean=(0.5,), std=(2.0,))
    coarser = saved_run(with_decoder(replace(TINY, seed=3), "fcn16"), tmp_path / "run", other)
    config = replace(TINY, initial=Initial(start_from=tmp_path / "run"))
    state, preprocessing = beginning(config)
    assert preprocessing == other
    old, new = by_name(coarser), by_name(state)
    shared = [name for name in old if name.startswith(("parameters.", "statistics.")) and "decoder.up" not in name]
    assert "parameters.decoder.steps.0.up.kernel.value" in shared
    for name in shared:
        assert_array_equal(new[name], old[name], err_msg=name)


def test_a_run_to_start_from_is_coarser(tmp_path):
    saved_run(with_decoder(TINY, "fcn8"), tmp_path / "run")
    with pytest.raises(UserError, match="run cannot be started from: .*: choose the run of a coarser decoder"):
        beginning(replace(TINY, initial=Initial(start_from=tmp_path / "run")))


def test_a_run_begins_in_one_way(tmp_path):
    with pytest.raises(ValueError, match="`start_from` must be left out with `encoder`"):
        replace(TINY, initial=Initial(encoder=tmp_path, start_from=tmp_path))


# --- the command line ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_defaults_that_flags_override(tmp_path, name):
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path), "--preset", name]
    config = parse([*arguments, "--learning-rate", "0.5", "--overlap", "2"], "train").config
    assert config.network == replace(PRESETS[name].network, overlap=2)
    assert config.optimizer == replace(PRESETS[name].optimizer, learning_rate=0.5)


def test_the_presets_are_the_networks_of_their_names():
    network = abstract_network(PRESETS["article"].network, Signature(3, 12, Preprocessing.torch()))
    assert summary(network, (1, 224, 224, 3)).parameters == 135_067_736
    network = abstract_network(PRESETS["paper"].network, Signature(3, 21, Preprocessing.torch()))
    kinds = [layer.kind for layer in summary(network, (1, 224, 224, 3)).layers if "Transpose" in layer.kind]
    assert [kind.split(" ", 1)[1] for kind in kinds] == ["4×4, strides 2×2"] * 2 + ["16×16, strides 8×8"]


def test_an_unknown_command_is_named(capsys):
    assert main(["trian"]) == 2
    assert "the command must be one of train, " in capsys.readouterr().err


def test_the_overview_names_the_commands(capsys):
    assert main([]) == 0
    assert "  train " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("background", "said"), [(0, "held-out thing IoU 0.417, mean IoU 0.611"), (None, "held-out mean IoU 0.611")]
)
def test_a_score_is_not_said_twice(tmp_path, monkeypatch, background, said):
    """Without a background the mean of the foreground is the mean of all."""
    classes = Classes(("a", "b", "c"), ("#000000",) * 3, background, "thing")
    monkeypatch.setattr("experiments.fcn.run.evaluate", lambda *_: np.array([[4, 0, 0], [0, 1, 1], [0, 1, 2]]))
    heard = []
    nothing: Any = SimpleNamespace(save=lambda *_: None, say=heard.append)
    task: Any = SimpleNamespace(classes=classes)
    state: Any = SimpleNamespace(scored=lambda: None)
    run.Run(TINY, nothing, task, Log(tmp_path / "metrics.jsonl", []), nothing, nothing, nothing).score(3, state)
    assert heard == [f"step 3/{TINY.steps}: {said}"]
