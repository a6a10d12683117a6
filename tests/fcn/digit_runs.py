"""Short training runs on digits, whole and interrupted."""

import itertools

import pytest

from experiments.errors import UserError
from experiments.fcn import run
from experiments.fcn.train import train
from experiments.fcn8.data import DigitTask

SIGNATURE = DigitTask.signature


def train_digits(config, folder, **options):
    return train(config, DigitTask(config), folder, **options)


def steps_in(folder):
    return sorted(int(path.name) for path in folder.iterdir())


def train_until(last, config, folder, monkeypatch):
    """Train up to step `last`, which is not taken."""
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
    """Train, which must be refused; return the message."""
    with pytest.raises(UserError) as problem:
        train_digits(config, folder)
    assert "\n" not in str(problem.value)
    return str(problem.value)
