"""A run that was interrupted goes on to the bit, with all that a checkpoint must hold."""

from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY, quick_float32
from numpy.testing import assert_array_equal

from experiments.fcn.checkpoint import by_name, restore
from experiments.fcn.config import Optimizer
from experiments.fcn.evaluate import as_model
from experiments.fcn.log import best_of
from experiments.fcn.state import draw
from experiments.fcn.train import Trained
from tests.fcn.digit_runs import SIGNATURE, steps_in, train_digits, train_until

pytestmark = pytest.mark.usefixtures("single_precision")

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


def lines(result: Trained):
    return [{k: v for k, v in line.items() if k not in ("seconds", "waiting")} for line in result.log]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with all options."""
    with quick_float32():
        folder = tmp_path_factory.mktemp("finished")
        return folder, train_digits(ALL, folder)


def last_state(folder):
    """Restore the state at the end of a run with all options."""
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


def test_the_share_of_waiting_is_logged_and_said(finished, capfd):
    _, trained = finished
    assert all(0 <= line["waiting"] <= 1 for line in trained.log if "loss" in line)
