"""A run ends early when it gets no better, and keeps its best state."""

import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_array_equal

from experiments.fcn import run
from experiments.fcn.checkpoint import Checkpoints, by_name, restore
from experiments.fcn.log import best_of, is_stopped
from tests.fcn.digit_runs import refused, steps_in, train_digits, train_until

pytestmark = pytest.mark.usefixtures("single_precision")

SCORED_OFTEN = replace(TINY, evaluations=6, checkpoints=6)


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
    """A run that is killed between the two would otherwise go on without it."""
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
