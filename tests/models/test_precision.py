"""Short dtypes and recomputation change memory, and nothing else beyond rounding."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN4, FCN8, FCN16, summary
from jtconv.models._layers import ConvBlock
from tests.models.networks import TINY, abstract, filled


def test_short_dtypes_are_for_computing_only():
    model = abstract(lambda: FCN8.paper(2, dtype=jnp.bfloat16, normalise=True, rngs=nnx.Rngs(0), **TINY))
    state = nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))
    assert {x.dtype for x in jax.tree.leaves(state)} == {np.dtype(np.float32)}

    def run(model, x):
        pools, scores = model.encoder(x), model(x)
        return pools, scores, nnx.state(model, nnx.BatchStat)

    with jax.enable_x64(False):
        pools, scores, statistics = nnx.eval_shape(run, model, jax.ShapeDtypeStruct((1, 64, 64, 1), jnp.float32))
    assert {pool.dtype for pool in pools} == {np.dtype(jnp.bfloat16)}
    assert scores.dtype == np.float32
    assert {x.dtype for x in jax.tree.leaves(statistics)} == {np.dtype(np.float32)}


def test_scores_in_a_short_dtype_are_those_of_float32():
    short, full = (
        filled(lambda dtype=dtype: FCN8(2, rngs=nnx.Rngs(0), dtype=dtype, **TINY)) for dtype in (jnp.bfloat16, None)
    )
    x = np.random.default_rng(0).uniform(0.1, 0.9, (1, 32, 64, 1)).astype(np.float32)
    ours, theirs = (np.asarray(nnx.jit(lambda m, x: m(x))(m, x)) for m in (short, full))
    # All terms are positive, so relative errors do not grow: at most 2^-9 for each of the input,
    # the kernel, the product's result and the bias's, in each of the 5 + 2 + 3 + 2 layers on the way.
    assert_allclose(ours, theirs, rtol=(5 + 2 + 3 + 2) * 4 * 2**-9)
    assert np.any(ours != theirs)
    # Not rounded to bfloat16 at the end.
    assert np.any(ours != ours.astype(jnp.bfloat16).astype(np.float32))


def test_statistics_are_taken_in_float32():
    block = filled(lambda: ConvBlock(2, 3, normalise=True, dtype=jnp.bfloat16, rngs=nnx.Rngs(0)))
    x = jnp.asarray(np.random.default_rng(0).normal(4, 1, (2, 33, 31, 2)), jnp.float32)
    old = np.asarray(block.norm.mean), np.asarray(block.norm.var)
    y = np.asarray(block.conv(x)).astype(np.float64)
    y = y.reshape(-1, 3)
    block(x)
    n, eps = len(y), float(np.finfo(np.float32).eps)
    expected = 0.97 * old[0] + 0.03 * y.mean(0)
    assert_allclose(block.norm.mean[...], expected, rtol=n * eps)
    # The variance as a difference of squares: their rounding is what is left of it.
    variance = 0.97 * old[1] + 0.03 * y.var(0)
    assert_allclose(block.norm.var[...], variance, atol=0.03 * 4 * np.sqrt(n) * eps * np.square(y).mean())
    assert abs(y.mean()) > 4 * y.std()  # so that bfloat16 would have lost it


def test_remat_changes_memory_and_nothing_else():
    def network(remat):
        options = {**TINY, "width": 2, "depths": (2, 1), "head_kernel": (1, 1)}
        return filled(lambda: FCN16(2, rngs=nnx.Rngs(0), normalise=True, remat=remat, **options))

    x = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype(np.float32)

    def loss(state, rest, graph):
        model = nnx.merge(graph, state, rest, copy=True)
        return jnp.square(model(x)).mean(), nnx.state(model, nnx.BatchStat)

    results, kept = [], []
    for remat in (False, True):
        graph, state, rest = nnx.split(network(remat), nnx.Param, ...)
        slope = jax.jit(jax.grad(lambda s, graph=graph, rest=rest: loss(s, rest, graph), has_aux=True))
        results.append(slope(state))
        vjp = jax.eval_shape(lambda s, graph=graph, rest=rest: jax.vjp(lambda s: loss(s, rest, graph)[0], s)[1], state)
        kept.append(sum(leaf.size for leaf in jax.tree.leaves(vjp)))
    jax.tree.map(assert_array_equal, *results)
    # Of the first stage, the largest: two convolutions, normalised, are not kept.
    assert kept[0] - kept[1] > 4 * 2 * 64 * 64 * 2


def test_summary_sees_through_remat():
    tables = [
        summary(abstract(lambda r=r: FCN4(2, rngs=nnx.Rngs(0), remat=r, **TINY)), (1, 40, 50, 1)) for r in (False, True)
    ]
    assert tables[0] == tables[1]
    assert len(tables[1].layers) == 5 * 2 + 2 + 3 * 3 + 1
