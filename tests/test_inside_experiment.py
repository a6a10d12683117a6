"""Projections of features: against the derivatives of independent networks; and the command on a tiny run."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import TINY, quick_float32
from fcn_models import drawn_model
from flax import nnx
from jax import lax
from numpy.testing import assert_allclose, assert_array_equal

from experiments.fcn.saved_model import save_model
from experiments.fcn8.data import CLASSES, DigitTask
from experiments.inside.__main__ import main
from experiments.inside.project import project, strongest, switches_of, unpool, up
from experiments.inside.run import NONE, by_chance, digit_under, most_frequent, window_of
from jtconv.models import VGG16

FEATURES = np.array([3, 0, 5], np.int32)  # of 6
PLACES = np.array([[1, 2], [0, 0], [1, 4]], np.int32)
EPSILON = 1e-5  # of the normalisation


@pytest.fixture(autouse=True)
def _single_precision():
    """Users run it without x64."""
    with quick_float32():
        yield


def drawn_stages(x, lift):
    """Two stages of one and two convolutions; with `lift`, offsets such that nothing is switched off."""
    network = nnx.eval_shape(lambda: VGG16(2, 3, (1, 2), normalise=True, rngs=nnx.Rngs(0)))
    rng = np.random.default_rng(1)
    for stage in network.stages:
        for block in stage.convs:
            shape = block.conv.kernel.shape
            block.conv.kernel.set_value(jnp.asarray(rng.normal(0, 0.3, shape), jnp.float32))
            for name in ("scale", "bias", "mean", "var"):
                values = rng.normal(size=shape[-1])
                values = 0.5 + values**2 if name == "var" else values
                getattr(block.norm, name).set_value(jnp.asarray(values, jnp.float32))
            if lift:
                y = normalised_conv(block, x)
                assert block.norm is not None
                offset = block.norm.bias
                assert offset is not None
                offset.set_value(offset[...] + 0.1 - y.min((0, 1, 2)))
                x = normalised_conv(block, x)
        x = at_switches(x, chosen_of(x)) if lift else x
    network.eval()
    return network.stages


@pytest.fixture(scope="module")
def x():
    """Three pictures of 8×20."""
    return np.random.default_rng(3).normal(size=(3, 8, 20, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def stages(x):
    with quick_float32():
        return drawn_stages(x, lift=False)


def normalised_conv(block, x):
    """Compute the block by lax and by the definition of the normalisation, without its ReLU."""
    y = lax.conv_general_dilated(
        x, block.conv.kernel[...], (1, 1), [(1, 1), (1, 1)], dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    norm = block.norm
    return (y - norm.mean[...]) / jnp.sqrt(norm.var[...] + EPSILON) * norm.scale[...] + norm.bias[...]


def corners(x):
    """(4, n, h/2, w/2, c): the pixels of each block."""
    return jnp.stack([x[:, i::2, j::2] for i in range(2) for j in range(2)])


def at_switches(x, chosen):
    """Pooling that takes the pixels `chosen`, one mask for each corner."""
    return (corners(x) * chosen).sum(0)


def chosen_of(x):
    first = np.asarray(corners(x)).argmax(0)
    return np.stack([first == i for i in range(4)])


def alone(pool):
    """One activation of each picture."""
    at = jnp.arange(3), PLACES[:, 0], PLACES[:, 1], FEATURES
    return jnp.zeros_like(pool).at[at].set(pool[at])


def assert_near(got, expected):
    """Three layers of at most 3·3·6 terms, to first order and of the largest value."""
    assert np.abs(expected).max() > 0
    assert_allclose(got, expected, rtol=0, atol=3 * 54 * np.finfo(np.float32).eps * np.abs(expected).max())


def projected(stages, x, rectify):
    return nnx.jit(project, static_argnames="rectify")(
        stages, x, jnp.array(FEATURES), jnp.array(PLACES), rectify=rectify
    )


def test_without_rectification_it_is_the_transpose_of_the_path_with_its_switches(stages, x):
    choices, y, shares = [], x, []
    for stage in stages:
        for block in stage.convs:
            y = jnp.maximum(normalised_conv(block, y), 0)
            shares.append(np.mean(y == 0))
        choices.append(chosen_of(y))
        y = at_switches(y, choices[-1])

    assert min(shares) > 0.2  # switched off

    def path(x):
        for stage, chosen in zip(stages, choices, strict=True):
            for block in stage.convs:
                x = normalised_conv(block, x)
            x = at_switches(x, chosen)
        return x

    expected = jax.jit(lambda x, y: jax.vjp(path, x)[1](y)[0])(x, alone(y))
    assert_near(projected(stages, x, rectify=False), expected)


def largest(x):
    """The maximum of each block, whose derivative is lax's own."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


@jax.custom_vjp
def rectified(x):
    return jnp.maximum(x, 0)


rectified.defvjp(lambda x: (rectified(x), None), lambda _, slope: (jnp.maximum(slope, 0),))


def test_with_rectification_it_is_a_gradient_whose_slopes_are_rectified(x):
    """Without blocks of zeros: where these send a slope is a matter of choice."""
    stages = drawn_stages(x, lift=True)

    def path(x):
        for stage in stages:
            for block in stage.convs:
                x = rectified(normalised_conv(block, x))
            x = largest(x)
        return x

    @jax.jit
    def pool_and_slope(x):
        y, vjp = jax.vjp(path, x)
        return y, vjp(alone(y))[0]

    y, expected = pool_and_slope(x)
    assert (np.asarray(y) > 0).all()
    assert_near(projected(stages, x, rectify=True), expected)
    assert np.abs(projected(stages, x, rectify=False) - expected).max() > 0.1 * np.abs(expected).max()


def test_unpooling_is_the_transpose_of_maximum_pooling():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 6, 8, 5)).astype(np.float32)
    y = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    found = jax.jit(lambda x, y: unpool(y, switches_of(x)))(x, y)
    assert_array_equal(found, jax.jit(lambda x, y: jax.vjp(largest, x)[1](y)[0])(x, y))


def test_the_window_is_what_an_activation_depends_on(stages):
    """Kernels of ones, and sums for pools: no pixel of the window is without a slope, and none outside has one."""

    def path(x):
        for stage in stages:
            for _ in stage.convs:
                x = lax.reduce_window(x, 0.0, lax.add, (3, 3), (1, 1), "SAME")
            x = lax.reduce_window(x, 0.0, lax.add, (2, 2), (2, 2), "VALID")
        return x

    x = np.zeros((32, 48), np.float32)
    rows, columns = np.nonzero(jax.jit(jax.grad(lambda x: path(x)[4, 7]))(x))
    for axis, (place, found) in enumerate([(4, rows), (7, columns)]):
        window = window_of(stages, axis)
        assert window.slice(place, x.shape[axis]) == slice(found.min(), found.max() + 1)
        assert window.slice(0, x.shape[axis]) == slice(0, window.size)  # moved into the picture
        assert window.slice(99, 10) == slice(0, 10)


def test_the_strongest_are_found_among_all(stages, x):
    pool = np.asarray(nnx.jit(up)(stages, x)[0])[:, :2, :4]  # without its last column
    found = strongest(stages, x, patches=2, size=(2, 4), batch_size=3)
    for feature, values in enumerate(np.moveaxis(pool, 3, 0)):
        assert_allclose(found.values[feature], np.sort(values.max((1, 2)))[:0:-1], rtol=1e-5)
        for value, scene, place in zip(*(each[feature] for each in found), strict=True):
            assert values[scene][tuple(place)] == pytest.approx(value, rel=1e-5)


def test_shares():
    labels = np.full((4, 6), 10)
    labels[1, 1:3], labels[2, 4] = 3, 7
    projection = np.zeros((4, 6))
    projection[0, 0] = 9  # the background does not count
    assert digit_under(projection, labels) == NONE
    projection[1, 1:3], projection[2, 4] = 2, -3  # 9 exceeds 4 + 4
    assert digit_under(projection, labels) == 7
    assert most_frequent(np.array([7, NONE, 3, 7, NONE])) == (7, 0.4)
    assert most_frequent(np.array([NONE]))[1] == 0
    scenes = np.stack([np.full((4, 6), digit) for digit in (1, 1, 1, 2)])
    assert by_chance(scenes, 4, np.random.default_rng(0)) == 0.75


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The files that a run of experiments.fcn8 leaves, with drawn parameters."""
    folder = tmp_path_factory.mktemp("run")
    with quick_float32():
        model = drawn_model(settings=TINY.network, classes=CLASSES, signature=DigitTask.signature)
    save_model(model, TINY.network, folder)
    TINY.save(folder / "config.json")
    return folder


def test_end_to_end(run, tmp_path, capsys):
    arguments = ["--stages", "2", "--features", "1", "--patches", "2", "--columns", "2", "--no-rectify"]
    assert main(["--run", str(run), *arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| 10×10 |" in printed
    assert "| pool2 |" in printed
    assert (tmp_path / "inside.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "nowhere"], "nowhere holds no finished run: python -m experiments.fcn8 --out nowhere makes one."),
        (["--stages", "0"], "`stages` must be numbers from 1 to 5, got (0,)."),
        (["--columns", "10"], "`columns` must be at most `patches` (9), got 10."),
    ],
)
def test_what_is_at_fault_is_one_line(tmp_path, capsys, arguments, said):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == said + "\n"
    assert not (tmp_path / "out").exists()


def test_runs_that_do_not_suit_are_one_line(run, tmp_path, capsys):
    command = ["--run", str(run), "--out", str(tmp_path / "out")]
    assert main([*command, "--stages", "1"]) == 2
    assert "holds out 4 scenes only: choose fewer --patches." in capsys.readouterr().err
    config = run / "config.json"
    text = config.read_text()
    config.write_text('{"source": {}}')
    try:
        assert main(command) == 2
    finally:
        config.write_text(text)
    assert capsys.readouterr().err.count("\n") == 1
