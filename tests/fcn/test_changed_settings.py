"""Settings that change between the parts of a run, and a run that is begun again before anything was learned."""

import json
from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_array_equal

from experiments.fcn.checkpoint import by_name, restore
from experiments.fcn.folder import check_folder
from experiments.fcn.resuming import CHANGEABLE
from tests.fcn.digit_runs import refused, steps_in, train_digits, train_until

pytestmark = pytest.mark.usefixtures("single_precision")


def saved(folder):
    return json.loads((folder / "config.json").read_text())


def assert_best_is_last(trained, folder):
    """Step 3 is the only one that is scored."""
    expected = trained.state.scored()
    step, best = restore(folder / "best", expected) or (None, None)
    assert step == 3
    assert best is not None
    for (name, one), other in zip(by_name(best).items(), by_name(expected).values(), strict=True):
        assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("content", ['{"seed": 7}', "{", None], ids=["other settings", "damaged", "empty folder"])
def test_before_its_first_checkpoint_a_run_is_begun_again(tmp_path, content):
    (tmp_path / "checkpoints" / "2.orbax-checkpoint-tmp").mkdir(parents=True)
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    check_folder(TINY, tmp_path)


def test_a_run_begun_again_has_its_own_best_and_settings(tmp_path, monkeypatch):
    """The first run scores at step 3 and is stopped before a checkpoint."""
    train_until(5, replace(TINY, checkpoints=1), tmp_path, monkeypatch)
    assert steps_in(tmp_path / "best") == [3]
    other = replace(TINY, seed=5, steps=3, evaluations=1, checkpoints=1)
    assert_best_is_last(train_digits(other, tmp_path), tmp_path)
    assert saved(tmp_path) == other.to_json()


def test_a_run_goes_on_to_more_steps(tmp_path, capsys):
    train_digits(replace(TINY, steps=3), tmp_path)
    assert "`steps` must be at least as many, got 2: give --steps 3" in refused(replace(TINY, steps=2), tmp_path)
    trained = train_digits(TINY, tmp_path)
    assert "goes on from step 3 with steps 6 in place of 3: the learning-rate schedule is" in capsys.readouterr().out
    assert max(steps_in(tmp_path / "checkpoints")) == saved(tmp_path)["steps"] == 6
    rates = {line["step"]: line["learning_rate"] for line in trained.log if "learning_rate" in line}
    assert rates[6] == pytest.approx(np.asarray(trained.trainer.learning_rate(5)).item(), rel=1e-6)


def test_what_was_best_in_steps_that_are_taken_anew_is_forgotten(tmp_path, monkeypatch):
    """Step 3 is scored after the checkpoint of step 2, so that it is another step in a longer run."""
    train_until(4, TINY, tmp_path, monkeypatch)
    assert (steps_in(tmp_path / "checkpoints"), steps_in(tmp_path / "best")) == ([2], [3])
    assert_best_is_last(train_digits(replace(TINY, steps=3, evaluations=1), tmp_path), tmp_path)


def test_other_settings_may_not_change_and_the_message_says_which_may(tmp_path):
    train_digits(replace(TINY, steps=2, checkpoints=1), tmp_path)
    message = refused(replace(TINY, steps=6, batch_size=4), tmp_path)
    assert "batch_size (saved 2, now 4): " in message
    assert "steps (saved" not in message
    assert all(name in message for name in CHANGEABLE)
