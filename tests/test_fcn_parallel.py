"""Training on several devices and processes: the same rows, the same curves, the same bits after a restore.

Devices are the CPU's. Each number of them is a process of its own, since it is fixed when JAX starts.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import quick_float32
from numpy.testing import assert_array_equal

from benchmarks import scaling
from benchmarks.collectives import collective_bytes
from benchmarks.scaling_run import CONFIG, Blocks
from experiments.errors import Stopped
from experiments.fcn import __main__ as fcn
from experiments.fcn import placement, processes, run
from experiments.fcn.checkpoint import by_name, restore
from experiments.fcn.commands import train as train_command
from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.config import FolderConfig, Source
from experiments.fcn.data.task import FolderTask
from experiments.fcn.fingerprint import fingerprint, sums_of
from experiments.fcn.machines import Machines, begin
from experiments.fcn.state import abstract_state
from experiments.fcn.stop_signal import Listener, listening
from experiments.fcn.task import EVERY
from experiments.fcn.train import train
from experiments.fcn8 import __main__ as fcn8
from experiments.fcn8.config import Config as DigitConfig
from experiments.fcn8.data import DigitTask
from experiments.mosaic import __main__ as mosaic
from experiments.mosaic.data import Config as MosaicConfig
from experiments.mosaic.data import MosaicTask
from experiments.mosaic.folder import execute as write_folder

QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiling takes longer than running
STEPS = CONFIG.steps
TERMINATED = 20  # the batch at which SIGTERM is sent


@pytest.fixture(autouse=True)
def _single_precision():
    with quick_float32():
        yield


# --- whose rows ------------------------------------------------------------------------------


def digits(_):
    return DigitTask(DigitConfig(batch_size=6, seed=3, steps=4, test_scenes=1))


def mosaics(_):
    return MosaicTask(MosaicConfig(batch_size=6, seed=3, steps=4, test_scenes=1, size=32))


def pictures(folder):
    write_folder([str(folder / "pictures"), "--train", "5", "--val", "1", "--sizes", "32", "40"])
    augmentation = Augmentation(crop=(24, 30), flip=True, scale=(0.8, 1.2))
    source = Source(data=folder / "pictures", num_classes=8)
    return FolderTask(FolderConfig(source=source, batch_size=6, seed=3, steps=4, augmentation=augmentation))


@pytest.mark.parametrize("make", [digits, mosaics, pictures])
def test_the_rows_of_a_process_are_those_of_the_whole_batch(make, tmp_path):
    task = make(tmp_path)
    for i in (3, 0):
        whole = task.batches()[i]
        assert len(whole.images) == 6
        for rows in (slice(0, 2), slice(2, 6), EVERY):
            part = task.batches(rows)[i]
            assert_array_equal(part.images, whole.images[rows])
            assert_array_equal(part.labels, whole.labels[rows])


def test_a_process_reads_the_pictures_of_its_own_rows(tmp_path, monkeypatch):
    task, seen = pictures(tmp_path), []
    sample = type(task.train.reader).sample
    monkeypatch.setattr(type(task.train.reader), "sample", lambda self, *a: seen.append(a[0].name) or sample(self, *a))
    task.batches(slice(4, 6))[1]
    assert len(seen) == 2


def test_a_batch_is_cut_into_equal_parts(monkeypatch):
    devices = [SimpleNamespace(process_index=i // 2, id=i) for i in range(6)]
    monkeypatch.setattr(placement.jax, "devices", lambda: devices)
    with pytest.raises(ValueError, match=r"a multiple of the number of devices \(6\), got 8: give --batch-size 6"):
        train(replace(CONFIG, batch_size=8), Blocks(CONFIG), Path("nowhere"))
    assert not Path("nowhere").exists()


# --- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coordinator": "a:1"}, "`coordinator` must be given together with --processes and --process"),
        ({"coordinator": "a", "processes": 2, "process": 1}, "`coordinator` must be HOST:PORT"),
        ({"coordinator": "a:1", "processes": 2, "process": 2}, r"`process` must be in \[0, 2\)"),
        ({"cpu_devices": 0}, "`cpu_devices` must be at least 1"),
    ],
)
def test_options_that_do_not_go_together_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Machines(**options)


def test_without_a_cluster_there_is_nothing_to_join(monkeypatch):
    def initialize(*_):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    with pytest.raises(ValueError, match="`distributed` must be used under Slurm.*or left out for --coordinator"):
        begin(Machines(distributed=True))


def test_deterministic_keeps_the_flags_that_are_set(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_some=1")
    begin(Machines(deterministic=True))
    assert os.environ["XLA_FLAGS"] == "--xla_some=1 --xla_gpu_deterministic_ops=true"


# --- fingerprints ----------------------------------------------------------------------------


def arrays():
    rng = np.random.default_rng(0)
    return {
        "a": rng.normal(size=(3, 5)).astype(np.float32),
        "b": jnp.asarray(rng.normal(size=(4, 2)), jnp.bfloat16),
        "c": rng.integers(0, 2**32, (2, 3, 2), np.uint32),
        "d": np.array(7, np.int32),
        "e": np.array([True, False, False]),
        "f": np.zeros((0, 3), np.float32),
    }


def expected_sums(values):
    """By Python's integers, an element at a time."""

    def scramble(x):
        x = (x ^ (x >> 16)) * 0x85EBCA6B % 2**32
        x = (x ^ (x >> 13)) * 0xC2B2AE35 % 2**32
        return x ^ (x >> 16)

    raw = np.asarray(values)
    words = np.frombuffer(raw.tobytes(), f"u{raw.dtype.itemsize}").tolist()
    return [
        sum(scramble((word + scramble(i ^ seed)) % 2**32) for i, word in enumerate(words)) % 2**32
        for seed in (0x9E3779B9, 0x85EBCA6B)
    ]


@pytest.mark.parametrize("name", arrays())
def test_a_fingerprint_is_what_integers_give(name):
    values = arrays()[name]
    assert np.asarray(sums_of([jnp.asarray(values)])).tolist() == [expected_sums(values)]


def test_a_fingerprint_tells_every_change():
    def swapped(a):
        a = a.copy()
        a[[0, 1]] = a[[1, 0]]
        return a

    def with_bit(a):
        bits = a.copy().view(np.uint32)
        bits[2, 3] ^= 1
        return bits.view(np.float32)

    def with_sign(a):
        return a * np.where(np.arange(5) == 2, -1, 1).astype(np.float32)

    base = arrays()
    a = base["a"]
    others = [{**base, "a": change(a)} for change in (swapped, with_bit, with_sign, np.negative)]
    others += [{**base, "a": a.reshape(5, 3)}, {**base, "a": a.view(np.int32)}]
    others += [{"b": base["a"], "a": base["b"]}, {k: base[k] for k in "abcde"}]
    seen = {fingerprint(1, base), fingerprint(2, base), *(fingerprint(1, other) for other in others)}
    assert len(seen) == 2 + len(others)
    assert fingerprint(1, dict(reversed(base.items()))) == fingerprint(1, base)


# --- what processes share --------------------------------------------------------------------


def test_scores_of_a_sequence_come_back_in_order(monkeypatch):
    values = [0.5, float("nan"), 0.25, 1.0, 0.75]
    shares = [np.array(values[0::2]), np.array([*values[1::2], np.nan])]
    monkeypatch.setattr(processes.jax, "process_count", lambda: 2)
    monkeypatch.setattr(processes, "gathered", lambda array: shares)
    assert_array_equal(processes.interleaved(values[0::2], 5), values)


def test_where_one_process_fails_no_other_goes_on(monkeypatch):
    monkeypatch.setattr(processes, "gathered", lambda failed: [failed, np.array(True)])
    with pytest.raises(ValueError, match="Process 1 cannot go on"), processes.together():
        pass
    with pytest.raises(KeyError), processes.together():
        raise KeyError


# --- runs ------------------------------------------------------------------------------------


def losses(folder):
    return {
        line["step"]: line["loss"]
        for line in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
        if "loss" in line
    }


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """On one device: the losses, and by how much a rounding at the start changes them."""
    folder = tmp_path_factory.mktemp("one")
    with quick_float32(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NOTE_EVERY", 1)
        train(CONFIG, Blocks(CONFIG), folder)
        found = losses(folder)
        drift = [np.abs(scaling.perturbed_losses(seed) - [*found.values()]).max() for seed in range(1, 5)]
    return found, max(drift)


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    """On eight devices with everything divided among them, twice."""
    folders = [tmp_path_factory.mktemp(name) for name in ("eight", "again")]
    options = ["--cpu-devices", "8", "--shard-parameters", "--deterministic"]
    for folder in folders:
        scaling.launch(folder, 1, options, **QUICK)
    return folders


def assert_follows(got, one):
    """Rounding grows as training goes on: by as much as where a run begins a rounding beside another, or ten times."""
    expected, drift = one
    assert list(got) == list(expected)[: len(got)]
    assert max(abs(got[step] - expected[step]) for step in got) <= 10 * drift


def saved(folder):
    return dict(np.load(folder / "state.npz"))


def assert_same(state, expected):
    names = by_name(state)
    assert names.keys() == expected.keys()
    for name, array in names.items():
        assert_array_equal(array, expected[name], err_msg=name)


def test_eight_devices_follow_one(one, eight):
    assert max(one[0].values()) - min(one[0].values()) > 100 * one[1]  # there is something to follow
    assert_follows(losses(eight[0]), one)


def test_a_repeated_run_has_the_same_parameters_to_the_bit(eight):
    first, second = map(saved, eight)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert losses(eight[0]) == losses(eight[1])


def test_eight_devices_are_restored_on_two_and_on_one(eight, tmp_path):
    like = abstract_state(CONFIG, Blocks.signature)
    step, state = restore(eight[0] / "checkpoints", like) or (None, None)
    assert step == STEPS
    assert state is not None
    assert_same(state, saved(eight[0]))
    (eight[1] / "state.npz").rename(tmp_path / "before.npz")
    scaling.launch(eight[1], 1, ["--cpu-devices", "2"], **QUICK)  # has nothing left to train
    before, after = dict(np.load(tmp_path / "before.npz")), saved(eight[1])
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_two_processes_stop_at_one_step_and_one_device_goes_on(one, tmp_path, monkeypatch):
    said = scaling.launch(tmp_path, 2, ["--cpu-devices", "4", "--terminate-at", str(TERMINATED)], **QUICK)
    assert "asked to end by SIGTERM; the same command goes on from here" in said[0]
    assert "fcn32" not in said[1]  # only the first speaks
    (step,) = (int(path.name) for path in (tmp_path / "checkpoints").iterdir())
    assert TERMINATED - 10 < step < STEPS
    assert_follows(losses(tmp_path), one)
    assert list(losses(tmp_path)) == list(range(1, step + 1))
    monkeypatch.setattr(run, "NOTE_EVERY", 1)
    train(CONFIG, Blocks(CONFIG), tmp_path)
    assert_follows(losses(tmp_path), one)
    assert len(losses(tmp_path)) == STEPS


def test_sigterm_ends_a_run_in_good_order(tmp_path, capfd):
    config = replace(CONFIG, steps=6)
    with pytest.raises(Stopped):
        train(config, Blocks(config, terminate_at=3), tmp_path)
    (step,) = (int(path.name) for path in (tmp_path / "checkpoints").iterdir())
    assert f"step {step}/6: asked to end by SIGTERM" in capfd.readouterr().err
    assert step < 6
    resumed = train(config, Blocks(config), tmp_path)
    expected = train(config, Blocks(config), tmp_path / "whole")
    assert_same(resumed.state, {name: np.asarray(array) for name, array in by_name(expected.state).items()})


def test_sigterm_is_heard_before_the_first_step_and_while_results_are_written(tmp_path):
    """By a command, which listens all along; a block within takes over what came before it."""
    before = signal.getsignal(signal.SIGTERM)
    config = replace(CONFIG, steps=3)
    with listening():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            train(config, Blocks(config), tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1"]
    with listening() as ends:
        train(config, Blocks(config), tmp_path)
        os.kill(os.getpid(), signal.SIGTERM)  # ends nothing
        assert ends()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(fcn8, []), (fcn8, ["--compare"]), (mosaic, []), (fcn, ["train", "--data", "pictures"])],
)
def test_every_command_that_trains_listens_from_its_beginning(command, arguments, monkeypatch, tmp_path):
    def listens(*_, **__):
        assert isinstance(signal.getsignal(signal.SIGTERM), Listener)
        raise Stopped

    for module in (fcn8, mosaic, train_command):
        monkeypatch.setattr(module, "train", listens)
        monkeypatch.setattr(module, "report", listens)
    monkeypatch.setattr(train_command, "load_task", listens)
    assert command.main([*arguments, "--out", str(tmp_path)]) == 0
    assert not isinstance(signal.getsignal(signal.SIGTERM), Listener)


# --- what is moved ---------------------------------------------------------------------------


def test_collectives_are_read_from_programs():
    text = """
  %all-reduce.3 = (f32[2,3]{1,0}, /*index=1*/bf16[4]{0}) all-reduce(%x, %y), channel_id=1, to_apply=%add
  %all-gather = f32[8]{0} all-gather(%z), dimensions={0}
  ROOT %fusion = f32[9]{0} fusion(%all-reduce.3), calls=%c
"""
    assert collective_bytes(text) == {"all-gather": 32, "all-reduce": 32}
    with pytest.raises(ValueError, match="no asynchronous collectives, got all-gather-start"):
        collective_bytes(text.replace("all-gather(", "all-gather-start("))


def test_a_step_moves_the_gradients_and_little_else():
    """Mean, mean square and a number of their slopes for each normalised channel; the loss and the pixels counted."""
    program = f"""
import json, jax
jax.config.update("jax_num_cpu_devices", {scaling.DEVICES})
from benchmarks import scaling
print(json.dumps(scaling.moved(shard_parameters=False)))
"""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **QUICK}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=scaling.ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    channels = found["statistics"] // 8  # a mean and a variance of each
    assert found["bytes"] == {"all-reduce": found["parameters"] + 12 * channels + 8}


def test_predictions_of_a_ring():
    assert scaling.ring_seconds(12e9, 4, 1e9) == pytest.approx(18.0)
    assert scaling.efficiency(6.0, 12e9, 4, 1e9) == pytest.approx(0.25)
