"""What training asks of the networks: the original's preset, stages, groups of parameters, precision, memory."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN2, FCN4, FCN8, FCN16, FCN32, VGG16, parameter_groups, start_from, summary
from jtconv.models._layers import ConvBlock, MaxPool
from jtconv.nn import ConvTranspose

TINY = {"in_ch": 1, "width": 1, "depths": (1, 1, 1, 1, 1), "head_ch": 2}
# The original networks' crops of the pools, and of the scores.
ORIGINAL = {FCN32: ([], 19), FCN16: ([5], 27), FCN8: ([5, 9], 31)}
# Its 21 classes at 500×500: output sizes after conv7, and parameters.
LAYERS = [
    *[("decoder.score", 16, 4096 * 21 + 21), ("decoder.steps.0.up", 34, 4 * 4 * 21 * 21)],
    *[("decoder.steps.0.crop_pool", 34, 0), ("decoder.steps.0.skip.conv", 34, 512 * 21 + 21)],
    *[("decoder.steps.1.up", 70, 4 * 4 * 21 * 21), ("decoder.steps.1.crop_pool", 70, 0)],
    *[("decoder.steps.1.skip.conv", 70, 256 * 21 + 21), ("decoder.up", 568, 16 * 16 * 21 * 21)],
    ("decoder.crop", 506, 0),
]


@pytest.fixture(autouse=True)
def _quick_compilation():
    """Compiling takes longer than running here, so little is optimised."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def abstract(make) -> Any:
    return nnx.eval_shape(make)


def filled(make, seed=0) -> Any:
    """A model with different numbers everywhere, that no initialiser was compiled for."""
    model, rng = nnx.eval_shape(make), np.random.default_rng(seed)
    numbers = nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))
    nnx.update(model, jax.tree.map(lambda x: jnp.asarray(rng.uniform(0.1, 0.9, x.shape), np.float32), numbers))
    streams = nnx.state(model, nnx.RngState)
    nnx.update(model, jax.tree.map(lambda x: jax.random.key(seed) if x.dtype != np.uint32 else jnp.uint32(0), streams))
    return model


def tiny(network, seed=0, classes=2, **options):
    return filled(lambda: network.paper(classes, rngs=nnx.Rngs(0), **{**TINY, **options}), seed)


def parameters(model):
    return {".".join(map(str, path)): np.asarray(x) for path, x in nnx.to_flat_state(nnx.state(model, nnx.Param))}


# --- the original network --------------------------------------------------------------------


def test_original_decoder_layer_by_layer():
    model = abstract(lambda: FCN8.paper(21, rngs=nnx.Rngs(0)))
    rows = summary(model, (1, 500, 500, 3)).layers
    assert [(r.name, r.output_shape[1], r.parameters) for r in rows if r.name.startswith("decoder")] == LAYERS
    assert [r.name for r in rows if r.kind == "Dropout"] == ["conv6.dropout", "conv7.dropout"]
    assert model.conv6.dropout.rate == model.conv7.dropout.rate == 0.5


@pytest.mark.parametrize("network", ORIGINAL)
def test_original_crops(network):
    pools, scores = ORIGINAL[network]
    model = abstract(lambda: network.paper(21, rngs=nnx.Rngs(0)))
    assert [step.crop_pool.margins for step in model.decoder.steps] == [(n, n) for n in pools]
    assert all(step.crop is None for step in model.decoder.steps)
    assert model.decoder.crop.margins == (scores, scores)


def caffe_bilinear(k):
    """The kernel of one channel, by the original's formula."""
    factor = (k + 1) // 2
    centre = factor - 1 if k % 2 else factor - 0.5
    kernel = np.zeros((k, k))
    for i, j in np.ndindex(k, k):
        kernel[i, j] = (1 - abs(i - centre) / factor) * (1 - abs(j - centre) / factor)
    return kernel


@pytest.mark.parametrize(("network", "sizes"), [(FCN8, [4, 4, 16]), (FCN32, [64])])
def test_original_begins_with_zeros_and_interpolation(network, sizes):
    model = nnx.jit(lambda: network.paper(3, rngs=nnx.Rngs(0), **TINY))()
    ups = [*(step.up for step in model.decoder.steps), model.decoder.up]
    for up, k in zip(ups, sizes, strict=True):
        assert up.bias is None
        expected = caffe_bilinear(k)[:, :, None, None] * np.eye(3)
        assert_allclose(np.asarray(up.kernel), expected, rtol=1e-6)
    for layer in [model.decoder.score, *(step.skip.conv for step in model.decoder.steps)]:
        assert layer.bias is not None
        assert not np.asarray(layer.kernel).any()
        assert not np.asarray(layer.bias).any()
    assert all(np.asarray(conv.kernel).any() for conv in (model.conv6.conv, model.conv7.conv))


def loop_conv(x, conv, padding):
    kernel, bias = np.asarray(conv.kernel, np.float64), np.asarray(conv.bias, np.float64)
    k = len(kernel)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (0, 1))  # h, w, c, k, k
    return np.einsum("hwcab,abcd->hwd", windows, kernel) + bias


def loop_pool(x):
    pooled = np.zeros((-(-len(x) // 2), -(-x.shape[1] // 2), x.shape[2]))
    for i, j in np.ndindex(pooled.shape[:2]):
        pooled[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max((0, 1))
    return pooled


def loop_up(y, up: ConvTranspose):
    kernel = np.asarray(up.kernel, np.float64)
    k, stride = len(kernel), up.geometry.strides[0]
    x = np.zeros(((len(y) - 1) * stride + k, (y.shape[1] - 1) * stride + k, kernel.shape[2]))
    for i, j in np.ndindex(y.shape[:2]):
        x[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ y[i, j]
    return x


def loop_original(model, picture, crops, margin):
    """As the original's layers say: the first pads 100, crops take the size of what they are added to."""
    x, pools, padding = picture, [], 100
    for stage in model.encoder.stages:
        for block in stage.convs:
            x = np.maximum(loop_conv(x, block.conv, padding), 0)
            padding = 1
        x = loop_pool(x)
        pools.append(x)
    x = np.maximum(loop_conv(x, model.conv6.conv, 0), 0)
    x = np.maximum(loop_conv(x, model.conv7.conv, 0), 0)
    x = loop_conv(x, model.decoder.score, 0)
    for step, pool, crop in zip(model.decoder.steps, pools[3::-1], crops, strict=False):
        x = loop_up(x, step.up)
        x = x + loop_conv(pool, step.skip.conv, 0)[crop : crop + len(x), crop : crop + x.shape[1]]
    x = loop_up(x, model.decoder.up)
    return x[margin : margin + len(picture), margin : margin + picture.shape[1]]


@pytest.mark.parametrize(("network", "size"), [(FCN32, (9, 37)), (FCN16, (26, 5)), (FCN8, (3, 29))])
def test_original_is_what_its_layers_say(network, size):
    model = tiny(network, in_ch=2)
    model.eval()
    picture = np.random.default_rng(1).normal(size=(*size, 2))
    expected = loop_original(model, picture, *ORIGINAL[network])
    got = nnx.jit(lambda m, x: m(x))(model, picture[None])[0]
    # Parameters are float32, the picture and so the arithmetic float64.
    assert_allclose(got, expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())


# --- alignment -------------------------------------------------------------------------------


def passing_on(network, **options):
    """A network whose features are the pooled picture, and whose score layers are zero."""
    model = filled(lambda: network.paper(2, rngs=nnx.Rngs(0), **{**TINY, **options}))
    nnx.update(model, jax.tree.map(jnp.zeros_like, nnx.state(model, nnx.Param)))
    blocks = [stage.convs[0] for stage in model.encoder.stages]
    for block in [*blocks, model.conv6, model.conv7]:
        kernel = block.conv.kernel
        kernel[...] = kernel[...].at[kernel.shape[0] // 2, kernel.shape[1] // 2, 0, 0].set(1)
    for up in [*(step.up for step in model.decoder.steps), model.decoder.up]:
        up.kernel[...] = jnp.asarray(caffe_bilinear(len(up.kernel[...]))[:, :, None, None] * np.eye(2), jnp.float32)
    model.eval()
    return model


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


# --- dropout ---------------------------------------------------------------------------------


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


# --- groups of parameters --------------------------------------------------------------------

GROUPS = {
    "encoder.stages.0.convs.0.conv.kernel": "encoder/kernel",
    "encoder.stages.4.convs.0.conv.bias": "encoder/bias",
    "conv6.conv.kernel": "head/kernel",
    "conv7.conv.bias": "head/bias",
    "decoder.score.kernel": "score/kernel",
    "decoder.score.bias": "score/bias",
    "decoder.steps.0.up.kernel": "upsample/kernel",
    "decoder.steps.0.skip.conv.kernel": "score/kernel",
    "decoder.steps.1.skip.conv.bias": "score/bias",
    "decoder.up.kernel": "upsample/kernel",
}


def test_parameter_groups_by_name():
    model = abstract(lambda: FCN8.paper(3, rngs=nnx.Rngs(0), **TINY))
    state = nnx.state(model, nnx.Param)
    groups = parameter_groups(model)
    assert jax.tree.structure(groups) == jax.tree.structure(state) == jax.tree.structure(parameter_groups(state))
    labels = {".".join(map(str, path)): x.get_value() for path, x in nnx.to_flat_state(groups)}
    assert {name: labels[name] for name in GROUPS} == GROUPS
    assert set(labels.values()) == set(GROUPS.values())
    assert set(jax.tree.leaves(parameter_groups(model.encoder))) == {"encoder/kernel", "encoder/bias"}
    normalised = abstract(lambda: FCN8(3, normalise=True, rngs=nnx.Rngs(0), **TINY))
    assert "encoder/scale" in jax.tree.leaves(parameter_groups(normalised))
    other = nnx.Linear(1, 1, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"^`model` must be a network of jtconv.models.*'bias'"):
        parameter_groups(other)


def test_optimiser_tells_the_groups_apart():
    model = tiny(FCN8)
    rate = dict.fromkeys(GROUPS.values(), 0.0) | {"head/kernel": 0.5, "score/bias": 2.0}
    transforms: dict[Any, Any] = {group: optax.sgd(r) if r else optax.set_to_zero() for group, r in rate.items()}
    optimizer = nnx.Optimizer(model, optax.multi_transform(transforms, parameter_groups), wrt=nnx.Param)
    before = parameters(model)
    optimizer.update(model, jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param)))
    moved = {name: np.unique((before[name] - x).round(6)) for name, x in parameters(model).items()}
    for name, group in GROUPS.items():
        assert_allclose(moved[name], [rate[group]], err_msg=name)


# --- stages ----------------------------------------------------------------------------------


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


# --- precision and memory --------------------------------------------------------------------


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
