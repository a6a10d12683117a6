"""Scores are centred on their pixels."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_array_equal

from jtconv.models import FCN2, FCN4, FCN8, FCN16, FCN32
from jtconv.models._layers import MaxPool
from tests.models.networks import TINY, filled, loop_pool, passing_on


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (FCN32, {}),
        (FCN16, {"first_padding": 1}),
        (FCN4, {"head_kernel": (5, 7)}),
        (FCN2, {}),
        (FCN2, {"first_padding": 1}),
    ],
)
def test_scores_are_centred_on_their_pixels(network, options):
    # Pools turn a ramp into steps, and interpolation these into a ramp again, which lies half a
    # block too high since a maximum is at the block's end; whichever way the ramp rises.
    model = passing_on(network, **options)
    run = nnx.jit(lambda m, x: m(x))
    i, j = np.mgrid[:193, :227]
    # Interpolated in turn, a coarse pixel reaches less than two of them away: 13 + 64 with pad 100.
    inner = (slice(80, -80), slice(80, -80))
    paths = [model.decoder.score, *(step.skip.conv for step in model.decoder.steps)]
    for layer, factor in zip(paths, [32, 16, 8, 4, 2], strict=False):
        layer.kernel[...] = layer.kernel[...].at[0, 0, 0, 1].set(1)
        for ramp in (10 + 3 * i + 5 * j, 5000 - 3 * i - 5 * j, 2000 + 5 * i - 7 * j):
            slopes = np.abs(np.diff(ramp, axis=0)[0, 0]) + np.abs(np.diff(ramp, axis=1)[0, 0])
            scores = run(model, ramp[None, :, :, None] * 1.0)[0]
            assert scores.shape == (193, 227, 2)
            # Kernels of powers of two: no rounding.
            assert_array_equal(scores[..., 1][inner], (ramp + slopes * (factor - 1) / 2)[inner])
            assert not np.asarray(scores[..., 0]).any()
        layer.kernel[...] = jnp.zeros_like(layer.kernel[...])


def test_pools_may_round_up():
    x = np.random.default_rng(0).normal(size=(2, 7, 5, 3)) - 5
    assert_array_equal(MaxPool(round_up=True)(jnp.asarray(x)), np.stack([loop_pool(picture) for picture in x]))


def test_skips_of_the_article_may_be_linear():
    for relu in (True, False):
        model = filled(lambda relu=relu: FCN8.article(2, relu_skips=relu, rngs=nnx.Rngs(0), **TINY))
        skip = model.decoder.steps[1].skip
        pool = jnp.asarray(np.random.default_rng(0).normal(size=(5, 7, 4)) * 9)
        scores = np.asarray(skip.conv(pool))
        assert (scores < 0).any()
        assert_array_equal(skip(pool), np.maximum(scores, 0) if relu else scores)
