"""The loss, the learning rate, and when a run is scored and saved."""

from dataclasses import replace

import numpy as np
import pytest
from fcn_helpers import TINY
from flax import nnx
from numpy.testing import assert_allclose

from experiments.fcn.config import Optimizer
from experiments.fcn.optimizer import schedule
from experiments.fcn.run import is_due
from experiments.fcn.state import draw, loss, make_trainer, train_step
from experiments.fcn.task import Batch
from experiments.fcn8.data import DigitScenes
from tests.fcn8.runs import SIGNATURE

pytestmark = pytest.mark.usefixtures("single_precision")


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
