"""SIGTERM ends a run in good order."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scaling_run import CONFIG, Blocks
from experiments.errors import Stopped
from experiments.fcn import __main__ as fcn
from experiments.fcn.checkpoint import by_name
from experiments.fcn.commands import train as train_command
from experiments.fcn.stop_signal import Listener, listening
from experiments.fcn.train import train
from experiments.fcn8 import __main__ as fcn8
from experiments.mosaic import __main__ as mosaic
from tests.fcn.parallel_runs import assert_same

pytestmark = pytest.mark.usefixtures("single_precision")


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
    """A command listens all along; a block within takes over what came before it."""
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
