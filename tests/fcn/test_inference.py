"""Scores of pictures of any size, from few programs, are those of the picture alone."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from fcn_models import drawn_image, drawn_model, scores_alone
from numpy.testing import assert_allclose, assert_array_equal

from experiments.fcn.config import Network
from experiments.fcn.saved_model import load_model
from jtconv.models._inference import bucket, classes_of, compute, padded, scores_of, within

pytestmark = pytest.mark.usefixtures("single_precision")

SIZES = [(50, 70), (64, 96), (1, 1), (97, 31), (33, 65)]


def programs():
    """Number of compiled programs."""
    jitted: Any = compute
    return jitted._cache_size()


@pytest.mark.parametrize(("decoder", "size"), [("fcn2", (97, 257)), ("fcn32", (270, 290))])
def test_scores_of_any_size_are_those_of_the_picture_alone(decoder, size):
    settings = Network(decoder=decoder, width=2, depths=(1,) * 5, head_ch=4, head_kernel=7, decoder_ch=5, overlap=2)
    one = drawn_model(settings=settings)
    image = drawn_image(*size)
    expected = scores_alone(one, image)
    # float32, some 15 layers of sums of up to 200 terms in another order
    assert_allclose(scores_of(one, image), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_first_padding_beyond_the_kernel_leaves_pictures_at_their_size():
    settings = Network(width=1, depths=(1,) * 5, first_padding=100, head_ch=2, head_kernel=7, decoder_ch=3)
    one = drawn_model(settings=settings)
    assert bucket(one, 50, 70) == (50, 70)
    image = drawn_image(50, 70)
    expected = scores_alone(one, image)
    assert_allclose(scores_of(one, image), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_mixed_sizes_come_back_in_order_from_few_programs(model):
    sizes = SIZES + [(33 + i, 66 + i) for i in range(12)]
    images = [drawn_image(*size, seed=i) for i, size in enumerate(sizes)]
    before = programs()
    found = list(classes_of(model, images))
    assert programs() - before == 3  # 64×96, 32×32, 128×32
    for image, classes in zip(images[:5], found[:5], strict=True):
        assert_array_equal(classes, scores_alone(model, image).argmax(-1))
    assert [classes.shape for classes in found] == sizes


def test_what_is_within_a_wide_picture():
    """The product of the sizes is beyond 32 bits."""
    inside = within(jnp.ones((1, 1, 2**16, 1)), (32, 2**17), jnp.array([[32, 100_000]], jnp.int32))
    assert_array_equal(np.flatnonzero(inside), np.arange(50_000))


def test_sizes_are_bounded_in_number_and_in_waste():
    sides = {padded(n) for n in range(1, 1025)}
    assert len(sides) == 16
    assert all(side % 32 == 0 for side in sides)
    for n in range(1, 5000):
        assert n <= padded(n) < max(n + 32, 1.25 * n)


def test_jit_of_a_saved_model_compiles_nothing_new(run, model):
    image = drawn_image(64, 96)
    scores_of(model, image)
    before = programs()
    scores_of(load_model(run), image)
    assert programs() == before
