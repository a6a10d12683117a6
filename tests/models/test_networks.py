"""The networks: the article's shapes and parameters, the arithmetic, any input size."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN2, FCN4, FCN8, FCN16, FCN32, VGG16, summary
from jtconv.models._layers import MaxPool, pad_to_multiple
from jtconv.nn import Conv, ConvTranspose

NETWORKS = [FCN2, FCN4, FCN8, FCN16, FCN32]
SMALL = {"in_ch": 2, "width": 1, "depths": (1, 2, 1, 1, 1), "head_ch": 4, "head_kernel": (3, 3)}
# Output size, channels and parameters of the article's convolutions, in its order, 12 classes.
ARTICLE = [
    *[(224, 64, 1_792), (224, 64, 36_928), (112, 128, 73_856), (112, 128, 147_584)],
    *[(56, 256, 295_168), (56, 256, 590_080), (56, 256, 590_080)],
    *[(28, 512, 1_180_160), (28, 512, 2_359_808), (28, 512, 2_359_808)],
    *[(14, 512, 2_359_808)] * 3,
    *[(7, 4096, 102_764_544), (7, 4096, 16_781_312)],
    *[(16, 12, 786_432), (14, 12, 6_156), (30, 12, 2_304), (28, 12, 3_084), (224, 12, 9_216)],
]


@pytest.fixture(autouse=True)
def _quick_compilation():
    """Compiling takes longer than running here, so little is optimised."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


def abstract(make):
    return nnx.eval_shape(make)


def small(network, **options):
    """A network small enough for loops, with kernels and biases that are all different."""
    model = network(3, rngs=nnx.Rngs(0), **{**SMALL, **options})
    rng = np.random.default_rng(0)
    values = jax.tree.map(lambda x: jnp.asarray(rng.normal(0.3, 0.5, x.shape)), nnx.state(model, nnx.Param))
    nnx.update(model, values)
    return model


@pytest.fixture(scope="module")
def article():
    model = abstract(lambda: FCN8.article(12, rngs=nnx.Rngs(0)))
    return model, summary(model, (1, 224, 224, 3))


def test_article_network_layer_by_layer(article):
    rows = [row for row in article[1].layers if row.parameters]
    assert [(row.output_shape, row.parameters) for row in rows] == [
        ((1, size, size, channels), parameters) for size, channels, parameters in ARTICLE
    ]


def test_article_network_has_its_parameters_and_allocates_none(article):
    model, table = article
    leaves = jax.tree.leaves(nnx.state(model))
    assert all(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves)
    assert table.parameters == sum(leaf.size for leaf in leaves) == 135_067_736


def test_article_pools_and_crops(article):
    sizes = {kind: [] for kind in ("MaxPool", "Crop")}
    for row in article[1].layers:
        sizes.get(row.kind, []).append(row.output_shape[1])
    assert sizes == {"MaxPool": [112, 56, 28, 14, 7], "Crop": [14, 28]}


def test_vgg16_gives_five_pools():
    model = abstract(lambda: VGG16(rngs=nnx.Rngs(0)))
    pools = nnx.eval_shape(lambda m, x: m(x), model, jax.ShapeDtypeStruct((1, 224, 160, 3), jnp.float32))
    assert [pool.shape[1:] for pool in pools] == [
        (112, 80, 64),
        (56, 40, 128),
        (28, 20, 256),
        (14, 10, 512),
        (7, 5, 512),
    ]
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model))) == 14_714_688


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", [(64, 84), (1, 1), (32, 64), (33, 95)], ids=str)
def test_scores_have_the_size_of_the_input(network, size):
    model = abstract(lambda: network(5, rngs=nnx.Rngs(0), **SMALL))
    scores = nnx.eval_shape(lambda m, x: m(x), model, jax.ShapeDtypeStruct((2, *size, 2), jnp.float32))
    assert scores.shape == (2, *size, 5)


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (FCN8, {"depths": (1, 1)}, "`depths` must have at least 3 entries, got (1, 1)."),
        (FCN2, {"depths": (1, 1, 1, 1)}, "`depths` must have at least 5 entries, got (1, 1, 1, 1)."),
        (FCN32, {"depths": ()}, "`depths` must have at least 1 entries, got ()."),
        (FCN8, {"depths": (1, 0, 1)}, "`depths` must be at least 1 each, got (1, 0, 1)."),
        (FCN8, {"overlap": 0}, "`overlap` must be at least 1, got 0."),
        (FCN8, {"dropout": 1.0}, "`dropout` must be in [0, 1), got 1.0."),
        (FCN8, {"first_padding": 0}, "`first_padding` must be at least 1, got 0."),
        (FCN8, {"first_padding": 100}, "`head_kernel` must be at least 5 on each axis with a `first_padding` above 1"),
        (FCN8, {"first_padding": 40, "head_kernel": (5, 5)}, "`first_padding` must be 1, or at least 41 for FCN8"),
        (FCN8, {"score_layers": True, "decoder_ch": 4}, "`decoder_ch` must be left out with `score_layers`"),
        (FCN8, {"score_layers": True, "relu_skips": True}, "`relu_skips` must be False with `score_layers`"),
    ],
)
def test_arguments_at_fault_are_named(network, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        abstract(lambda: small(network, **options))


def test_an_input_without_channels_is_refused():
    model = abstract(lambda: small(FCN8))
    with pytest.raises(ValueError, match=r"^`x` must have axes \(…, h, w, in_ch\), got shape \(64, 84\)\.$"):
        model(jnp.zeros((64, 84)))


@pytest.mark.parametrize(
    ("network", "kernels"),
    [
        (FCN2, [*["4×4, strides 2×2"] * 4, "2×2, strides 2×2"]),
        (FCN4, [*["4×4, strides 2×2"] * 3, "4×4, strides 4×4"]),
        (FCN8, [*["4×4, strides 2×2"] * 2, "8×8, strides 8×8"]),
        (FCN16, ["4×4, strides 2×2", "16×16, strides 16×16"]),
        (FCN32, ["32×32, strides 32×32"]),
    ],
)
def test_every_upsampling_is_a_transposed_convolution(network, kernels):
    model = abstract(lambda: network(5, rngs=nnx.Rngs(0), **SMALL))
    kinds = [row.kind for row in summary(model, (1, 64, 96, 2)).layers]
    assert [kind for kind in kinds if "ConvTranspose" in kind] == [f"ConvTranspose {k}" for k in kernels]


def test_overlapping_last_kernel_is_that_of_the_original_network():
    model = abstract(lambda: FCN8(5, overlap=2, rngs=nnx.Rngs(0), **SMALL))
    *_, up, crop = summary(model, (1, 64, 96, 2)).layers
    assert (up.kind, up.output_shape) == ("ConvTranspose 16×16, strides 8×8", (1, 72, 104, 5))
    assert (crop.kind, crop.output_shape) == ("Crop", (1, 64, 96, 5))


# --- the whole network against loops ---------------------------------------------------------


def loop_conv(x, module: Conv):
    kernel = np.asarray(module.kernel[...])
    k = len(kernel)
    padded = np.pad(x, ((k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    y = np.zeros((*x.shape[:2], kernel.shape[-1]))
    for i, j in np.ndindex(y.shape[:2]):
        y[i, j] = np.einsum("abc,abcd->d", padded[i : i + k, j : j + k], kernel)
    assert module.bias is not None
    return np.maximum(y + np.asarray(module.bias[...]), 0)


def loop_place_and_add(y, module: ConvTranspose, stride: int):
    kernel = np.asarray(module.kernel[...])
    k = len(kernel)
    x = np.zeros(((len(y) - 1) * stride + k, (y.shape[1] - 1) * stride + k, kernel.shape[2]))
    for i, j in np.ndindex(y.shape[:2]):
        x[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ y[i, j]
    return x


def loop_pool(x):
    pooled = np.zeros((x.shape[0] // 2, x.shape[1] // 2, x.shape[2]))
    for i, j in np.ndindex(pooled.shape[:2]):
        pooled[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max((0, 1))
    return pooled


def loop_fcn(model, x, num_skips):
    pools = []
    for stage in model.encoder.stages:
        for block in stage.convs:
            x = loop_conv(x, block.conv)
        x = loop_pool(x)
        pools.append(x)
    x = loop_conv(loop_conv(x, model.conv6.conv), model.conv7.conv)
    for step, pool in zip(model.decoder.steps, pools[3::-1][:num_skips], strict=True):
        x = loop_place_and_add(x, step.up, 2)[1:-1, 1:-1] + loop_conv(pool, step.skip.conv)
    return loop_place_and_add(x, model.decoder.up, 32 // 2**num_skips)


@pytest.mark.parametrize(("network", "num_skips"), [(FCN2, 4), (FCN8, 2), (FCN16, 1), (FCN32, 0)])
def test_network_is_what_plain_loops_compute(network, num_skips):
    model = small(network)
    x = np.random.default_rng(1).normal(size=(64, 32, 2))
    expected = loop_fcn(model, x, num_skips)
    scale = np.abs(expected).max()
    assert scale > 0
    assert_allclose(jax.jit(model)(x[None])[0] / scale, expected / scale, atol=1e-12)


def test_padding_is_zeros_below_and_to_the_right():
    model, x = small(FCN8), np.random.default_rng(1).normal(size=(1, 40, 20, 2))
    padded = np.zeros((1, 64, 32, 2))
    padded[:, :40, :20] = x
    run = jax.jit(model)
    assert_array_equal(run(x), run(padded)[:, :40, :20])
    assert_array_equal(pad_to_multiple(jnp.asarray(x), 32), padded)


def test_batch_axes_are_independent():
    model, x = small(FCN8), np.random.default_rng(1).normal(size=(2, 3, 32, 64, 2))
    run = jax.jit(model)
    one = run(x[1, 2])
    assert one.shape == (32, 64, 3)
    assert_allclose(run(x)[1, 2], one, rtol=1e-9, atol=1e-9 * np.abs(one).max())


# --- parts -----------------------------------------------------------------------------------


def test_max_pool_and_its_gradient():
    x = jnp.asarray(np.random.default_rng(0).permutation(2 * 7 * 6 * 3).reshape(2, 7, 6, 3) * 1.0)
    expected = np.stack([loop_pool(picture) for picture in x])
    assert_array_equal(MaxPool()(x), expected)
    slope = jax.grad(lambda x: MaxPool()(x).sum())(x)
    assert_array_equal(slope, np.isin(x, expected))  # all values differ


def test_every_parameter_learns():
    model = FCN8(4, normalise=True, decoder_ch=6, rngs=nnx.Rngs(0), **{**SMALL, "width": 4, "head_ch": 16})
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 64, 64, 2)), jnp.float32)

    @nnx.jit
    def slopes(model):
        return nnx.grad(lambda m: jnp.square(m(x)).mean())(model)

    for path, slope in nnx.to_flat_state(slopes(model)):
        size = np.abs(slope[...]).max()
        assert np.isfinite(size), path
        assert size > 0, path


def test_normalisation_takes_the_place_of_the_bias():
    model = abstract(lambda: FCN8(4, normalise=True, rngs=nnx.Rngs(0), **SMALL))
    convolutions = [module for _, module in nnx.iter_modules(model) if isinstance(module, Conv)]
    kinds = [row.kind for row in summary(model, (1, 32, 32, 2)).layers]
    assert kinds.count("BatchNorm") == len(convolutions) == 10
    assert all(module.bias is None for module in convolutions)


# --- the printed table -----------------------------------------------------------------------


def test_summary_prints_every_layer_and_the_total(article):
    lines = str(article[1]).splitlines()
    assert len(lines) == len(article[1].layers) + 4
    assert lines[2].split() == "encoder.stages.0.convs.0.conv Conv 3×3 (1, 224, 224, 64) 1,792".split()
    assert lines[-1].split() == ["total", "135,067,736"]
    assert len({len(line) for line in lines}) == 1


def test_summary_leaves_the_classes_as_they_were():
    calls = Conv.__call__, ConvTranspose.__call__
    model = abstract(lambda: FCN8(4, rngs=nnx.Rngs(0), **SMALL))
    with pytest.raises(ValueError, match="channel"):
        summary(model, (1, 32, 32, 9))
    summary(model, (1, 32, 32, 2))
    assert (Conv.__call__, ConvTranspose.__call__) == calls


class Held(nnx.Module):
    """Layers in a tuple and in a dict, one of them called twice, one within `nnx.remat`, one asked for its kernel."""

    def __init__(self, rngs):
        self.twice = nnx.Linear(3, 3, rngs=rngs)
        self.again = self.twice
        self.pair = nnx.data((nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 3, rngs=rngs)))
        self.named = nnx.data({"last": nnx.Linear(3, 5, rngs=rngs)})

    def __call__(self, x):
        for layer in self.pair:
            x = layer(x)
        x = self.twice(self.again(x)) * self.twice.kernel[0, 0]
        return nnx.remat(lambda layer, x: layer(x))(self.named["last"], x)


def test_summary_finds_layers_wherever_they_are_held():
    table = summary(abstract(lambda: Held(nnx.Rngs(0))), (2, 3))
    assert [(row.name, row.output_shape[-1], row.parameters) for row in table.layers] == [
        ("pair.0", 4, 16), ("pair.1", 3, 15), ("again", 3, 12), ("again", 3, 12), ("named.last", 5, 20),
    ]  # fmt: skip
    assert table.parameters == 16 + 15 + 12 + 20
    assert summary(nnx.Linear(3, 2, rngs=nnx.Rngs(0)), (1, 3)).layers == [("", "Linear", (1, 2), 8)]


def test_summary_of_a_model_with_parameters_is_the_same():
    abstract_table = summary(abstract(lambda: small(FCN16)), (1, 32, 32, 2))
    assert summary(small(FCN16), (1, 32, 32, 2)) == abstract_table
