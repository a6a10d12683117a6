"""Numbers that are not finite and full disks end a run, and leave its last good checkpoint."""

import errno
import itertools
import os

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from fcn_helpers import TINY

from experiments.errors import UserError
from experiments.fcn import run
from experiments.fcn8.data import DigitScenes
from tests.fcn.digit_runs import refused, steps_in, train_digits

pytestmark = pytest.mark.usefixtures("single_precision")


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
