"""Dropout is for training alone, and keeps the mean."""

import numpy as np
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN8
from jtconv.models._layers import ConvBlock
from tests.models.networks import filled, tiny


def test_dropout_is_for_training():
    model, picture = tiny(FCN8), np.random.default_rng(0).normal(size=(1, 5, 7, 1))
    run = nnx.jit(lambda m, x: m(x))
    first, second = run(model, picture), run(model, picture)
    assert np.any(first != second)
    model.eval()
    still = run(model, picture)
    assert_array_equal(still, run(model, picture))
    without = tiny(FCN8, dropout=0.0)
    assert without.conv6.dropout is None
    assert_array_equal(still, run(without, picture))
    model.train()
    assert np.any(run(model, picture) != still)


def test_dropout_is_of_its_rate_and_keeps_the_mean():
    block = filled(lambda: ConvBlock(1, 1, (1, 1), dropout=0.25, rngs=nnx.Rngs(0)))
    x = np.ones((100, 100, 1), np.float32)
    dropped = np.asarray(block(x))
    block.eval()
    kept = np.asarray(block(x))
    assert_allclose(dropped[dropped > 0], kept[dropped > 0] / 0.75, rtol=1e-6)
    share = (dropped == 0).mean()
    assert abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 10_000)  # five standard deviations
