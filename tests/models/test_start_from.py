"""A finer network starts from a coarser one."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN2, FCN4, FCN8, FCN16, FCN32, VGG16, start_from
from tests.models.networks import TINY, abstract, filled, parameters, passing_on, tiny


@pytest.mark.parametrize(("finer", "coarser"), [(FCN16, FCN32), (FCN8, FCN16), (FCN2, FCN16)])
def test_finer_network_starts_from_the_coarser(finer, coarser):
    model, source = tiny(finer, seed=1), tiny(coarser, seed=2)
    before = parameters(model)
    start_from(model, source)
    got, given = parameters(model), parameters(source)
    for name, x in got.items():
        _, _, step, *_ = [*name.split("."), "", "", ""]
        if name == "decoder.up.kernel" or (name.startswith("decoder.steps") and int(step) >= source.num_skips):
            assert_array_equal(x, 0 if "skip" in name else before[name], err_msg=name)
        else:
            assert_array_equal(x, given[name], err_msg=name)
    for leaf in jax.tree.leaves(nnx.state(source, nnx.Param)):  # as a step of training does
        leaf.delete()
    assert parameters(model).keys() == got.keys()  # read again


def test_skips_with_a_relu_do_not_begin_at_zero():
    def network(kind, seed):
        return filled(lambda: kind.article(2, rngs=nnx.Rngs(0), normalise=True, **TINY), seed)

    model, source = network(FCN16, 1), network(FCN32, 2)
    before = parameters(model)
    start_from(model, source)
    name = "decoder.steps.0.skip.conv.kernel"
    assert_array_equal(parameters(model)[name], before[name])
    assert_array_equal(np.asarray(model.conv6.norm.var), np.asarray(source.conv6.norm.var))


@pytest.mark.parametrize(("finer", "coarser", "first_padding"), [(FCN16, FCN32, 100), (FCN8, FCN16, 1)])
def test_finer_network_starts_with_the_coarser_scores(finer, coarser, first_padding):
    model, source = (passing_on(kind, first_padding=first_padding) for kind in (finer, coarser))
    rng = np.random.default_rng(0)
    for layer in (source.decoder.score, *(step.skip.conv for step in source.decoder.steps)):
        layer.kernel[...] = jnp.asarray(rng.normal(size=layer.kernel.shape), jnp.float32)
    start_from(model, source)
    run = nnx.jit(lambda m, x: m(x))
    picture = rng.normal(size=(1, 250, 222, 1))
    ours, theirs = run(model, picture)[0], run(source, picture)[0]
    factor = 32 // 2**source.num_skips
    # Within a quarter of the factor of a coarse centre, the finer network cuts the corner there.
    origin = (factor - 1) / 2 - (0 if first_padding == 1 else 99)
    away = [np.abs((np.arange(n) - origin + factor / 2) % factor - factor / 2) >= factor / 4 for n in (250, 222)]
    inner = [(np.arange(n) >= factor) & (np.arange(n) < n - factor) for n in (250, 222)]
    same = np.ix_(away[0] & inner[0], away[1] & inner[1])
    scale = np.abs(theirs).max()
    assert scale > 0
    assert_allclose(ours[same], theirs[same], atol=1e-12 * scale)
    corners = np.ix_(~away[0] & inner[0], ~away[1] & inner[1])
    assert np.abs(ours[corners] - theirs[corners]).max() > 1e-3 * scale


def test_misfits_are_listed_all_at_once():
    source = tiny(FCN32, head_ch=3, classes=4)
    model = filled(lambda: FCN8.article(2, rngs=nnx.Rngs(0), **TINY))
    before = parameters(model)
    with pytest.raises(ValueError, match="does not fit") as caught:
        start_from(model, source)
    assert str(caught.value) == (
        "`coarser`, a FCN32, does not fit FCN8 in 6 parameters:\n"
        "  misshapen: 'conv6.conv.bias' (3,), expected (2,)\n"
        "  misshapen: 'conv6.conv.kernel' (7, 7, 8, 3), expected (7, 7, 8, 2)\n"
        "  misshapen: 'conv7.conv.bias' (3,), expected (2,)\n"
        "  misshapen: 'conv7.conv.kernel' (1, 1, 3, 3), expected (1, 1, 2, 2)\n"
        "  unexpected: 'decoder.score.bias' (4,)\n"
        "  unexpected: 'decoder.score.kernel' (1, 1, 3, 4)"
    )
    for name, x in parameters(model).items():
        assert_array_equal(x, before[name])


@pytest.mark.parametrize(
    ("model", "coarser", "error", "message"),
    [
        (FCN8, FCN8, ValueError, "`model` must take more skips than `coarser`, got FCN8 with 2 and FCN8 with 2."),
        (FCN32, FCN4, ValueError, "`model` must take more skips than `coarser`, got FCN32 with 0 and FCN4 with 3."),
        (FCN8, VGG16, TypeError, "`coarser` must be an FCN of jtconv.models, got VGG16."),
    ],
)
def test_stages_in_the_wrong_order_are_refused(model, coarser, error, message):
    def make(kind) -> Any:
        return abstract(lambda: VGG16(rngs=nnx.Rngs(0)) if kind is VGG16 else kind(2, rngs=nnx.Rngs(0), **TINY))

    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        start_from(make(model), make(coarser))


def test_networks_with_shapes_only_cannot_start_or_be_started_from():
    model, source = (abstract(lambda kind=kind: kind.paper(2, rngs=nnx.Rngs(0), **TINY)) for kind in (FCN16, FCN32))
    with pytest.raises(ValueError, match=r"^`coarser` must hold arrays, got one with shapes only\.$"):
        start_from(tiny(FCN16), source)
    with pytest.raises(ValueError, match=r"^`model` must hold arrays, got one with shapes only\.$"):
        start_from(model, tiny(FCN32))
