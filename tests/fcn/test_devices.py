"""A run on eight devices, or on two processes, follows the run on one."""

import json

import numpy as np
import pytest
from fcn_helpers import quick_float32

from benchmarks import scaling
from benchmarks.scaling_run import CONFIG, Blocks
from experiments.fcn import run
from experiments.fcn.checkpoint import restore
from experiments.fcn.state import abstract_state
from experiments.fcn.train import train
from tests.fcn.parallel_runs import QUICK, assert_same

pytestmark = pytest.mark.usefixtures("single_precision")

STEPS = CONFIG.steps
TERMINATED = 20  # the batch at which SIGTERM is sent


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
