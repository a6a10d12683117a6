"""The experiments on photographs: their arithmetic against Pillow and loops, and each end to end with tiny networks."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import quick_float32
from flax import nnx
from PIL import Image

from experiments.autoencoder import __main__ as autoencoder
from experiments.autoencoder import run as autoencoder_run
from experiments.autoencoder.compression import Compression
from experiments.autoencoder.network import Autoencoder, Shape
from experiments.autoencoder.run import TASKS, as_floats
from experiments.held_out import Score, table
from experiments.photographs import Crops, split
from experiments.super_resolution import __main__ as super_resolution
from experiments.super_resolution import run as super_resolution_run
from experiments.super_resolution.bicubic import ROUNDS, back_projected, made_smaller
from experiments.super_resolution.config import Config as SuperResolution
from experiments.super_resolution.data import luminance, pair
from experiments.super_resolution.network import Enlarger

TINY = ["--steps", "2", "--batch-size", "2"]
EPS = float(np.finfo(np.float32).eps)


@pytest.fixture(autouse=True)
def _single_precision():
    with quick_float32():
        yield


@pytest.fixture
def few_photographs(monkeypatch):
    """A small piece of a photograph for each part: what is tried is the way, and not the numbers."""
    whole = split()
    few = type(whole)(
        {"coffee": whole.train["coffee"][:60, :70], "coins": whole.train["coins"][:50, :60]},
        {"coffee": whole.right["coffee"][:57, :98]},
        {"cat": whole.unseen["cat"][:57, :98]},
    )
    for module in (super_resolution_run, autoencoder_run):
        monkeypatch.setattr(module, "split", lambda: few)


# --- photographs ---------------------------------------------------------------------------


def test_what_is_held_out_is_not_trained_on():
    train, right, unseen = split()
    assert train.keys() == right.keys()
    assert not train.keys() & unseen.keys()
    for name, left in train.items():
        assert 1.9 < left.shape[1] / right[name].shape[1] < 2.1
        assert left.shape[0] == right[name].shape[0]


def test_crops_of_two_sizes_are_of_the_same_place():
    """Every pixel holds its own place, so that each square tells where it is from and how it was turned."""
    rows, columns = np.mgrid[:7, :9]
    small = np.stack([rows, columns], -1)
    large = small.repeat(3, 0).repeat(3, 1)
    crops = Crops([(small, large)], 4)
    low, high = crops.draw(200, np.random.default_rng(0))
    np.testing.assert_array_equal(high, low.repeat(3, 1).repeat(3, 2))
    corners = {tuple(square.min((0, 1))) for square in low}
    assert corners == {(top, left) for top in range(4) for left in range(6)}
    turned = {tuple(map(tuple, np.sign(square[[0, 0, 3], [0, 3, 0]] - square.mean((0, 1))))) for square in low}
    assert len(turned) == 8
    again = crops.draw(200, np.random.default_rng(0))
    np.testing.assert_array_equal(again[0], low)


# --- super-resolution -----------------------------------------------------------------------


@pytest.mark.parametrize("scale", [2, 3, 4, 5])
def test_an_untrained_network_is_pillows_bicubic_interpolation(scale):
    """Up to the border, and of a picture with no symmetry."""
    low = np.random.default_rng(scale).random((7, 10), np.float32)
    network = Enlarger(scale, 2, 1, rngs=nnx.Rngs(0))
    found = network(jnp.asarray(low[None, ..., None]))
    expected = Image.fromarray(low).resize((10 * scale, 7 * scale), Image.Resampling.BICUBIC)
    assert found.shape == (1, 7 * scale, 10 * scale, 1)
    np.testing.assert_allclose(found[0, ..., 0], np.asarray(expected), rtol=0, atol=16 * EPS)  # 16 terms


@pytest.mark.parametrize("scale", [2, 3, 4, 5])
def test_making_smaller_is_pillows(scale):
    """The convolution with the kernel whose transpose enlarges, up to the border."""
    high = np.random.default_rng(scale).random((7 * scale, 10 * scale), np.float32)
    found = made_smaller(jnp.asarray(high[None, ..., None]), scale)
    expected = Image.fromarray(high).resize((10, 7), Image.Resampling.BICUBIC)
    assert found.shape == (1, 7, 10, 1)
    np.testing.assert_allclose(found[0, ..., 0], np.asarray(expected), rtol=0, atol=(4 * scale) ** 2 * EPS)  # terms


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_back_projection_by_pillow(scale):
    """And what it makes is nearer to the low resolution, when made smaller again, than bicubic interpolation is."""
    low = np.random.default_rng(scale).random((7, 10), np.float32)
    expected, missing, size = np.zeros((7 * scale, 10 * scale), np.float32), low, []
    for _ in range(ROUNDS + 1):
        up = Image.fromarray(missing).resize((10 * scale, 7 * scale), Image.Resampling.BICUBIC)
        expected = expected + np.asarray(up)
        missing = low - np.asarray(Image.fromarray(expected).resize((10, 7), Image.Resampling.BICUBIC))
        size.append(np.abs(missing).max())
    assert size[-1] < size[0] / 8
    found = back_projected(jnp.asarray(low[None, ..., None]), scale)
    bound = (16 + (4 * scale) ** 2) * (ROUNDS + 1) * EPS * np.abs(expected).max()  # terms up and down
    np.testing.assert_allclose(found[0, ..., 0], expected, rtol=0, atol=bound)


def test_features_are_taken_over_and_the_last_kernel_is_not():
    first, second = (Enlarger(scale, 3, 2, rngs=nnx.Rngs(scale)) for scale in (2, 3))
    low = jnp.asarray(np.random.default_rng(0).random((1, 5, 6, 1), np.float32))
    assert not np.allclose(second.features(low), first.features(low))
    second.take_features(first)
    np.testing.assert_array_equal(second.features(low), first.features(low))
    assert second.last.kernel.shape == (11, 11, 1, 3)


def test_low_resolution_is_antialiased():
    """A checkerboard of pixels becomes grey; picking pixels would leave it white or black."""
    board = (np.indices((13, 17)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, -1)
    low, high = pair(board, 4)
    assert (low.shape, high.shape) == ((3, 4, 3), (12, 16, 3))
    assert np.abs(luminance(low) - 0.5).max() < 0.1
    np.testing.assert_allclose(luminance(np.array([[[255, 0, 51]]], np.uint8)), 0.299 + 0.114 / 5, atol=1e-6)


def test_the_border_is_left_out_and_values_are_clipped():
    truth = np.random.default_rng(0).random((20, 24, 1), np.float32)
    image = truth + np.float32(0.1) * (truth < 0.5)
    error = np.mean((0.1 * (truth < 0.5)[2:-2, 2:-2]) ** 2)
    image[:2] = image[-2:] = 9
    image[:, :2] = image[:, -2:] = -9
    assert super_resolution_run.measured(image, truth, 2)[0] == pytest.approx(-10 * np.log10(error), abs=1e-4)
    stripes = np.ones_like(truth)
    stripes[::2] = 0.9
    brighter = np.where(stripes == 1, 2, stripes - 0.1)
    assert super_resolution_run.measured(brighter, stripes, 2)[0] == pytest.approx(-10 * np.log10(0.01 / 2))


@pytest.mark.usefixtures("few_photographs")
def test_super_resolution_end_to_end(tmp_path, capsys):
    arguments = [*TINY, "--crop", "8", "--width", "2", "--depth", "1", "--scales", "2", "3"]
    assert super_resolution.main([*arguments, "--out", str(tmp_path)]) == 0
    assert "×3 network" in capsys.readouterr().out
    assert (tmp_path / "super-resolution.png").read_bytes().startswith(b"\x89PNG")
    results = json.loads((tmp_path / "scores.json").read_text())
    assert results["seconds_of_training"].keys() == {"×2", "×3"}
    assert len(results["scores"]) == 2 * 2 * 5  # scales, photographs, methods


@pytest.mark.usefixtures("few_photographs")
def test_same_seed_same_enlarger():
    kernels = []
    for seed in (5, 5, 6):
        network = Enlarger(2, 2, 1, rngs=nnx.Rngs(0))
        config = SuperResolution(scales=(2,), steps=3, crop=8, batch_size=2, width=2, depth=1, seed=seed)
        super_resolution_run.train(network, config)
        kernels.append(np.asarray(network.last.kernel[...]))
    assert kernels[0].any()
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


# --- autoencoders -----------------------------------------------------------------------------


def pieces(count=3):
    return [as_floats(photograph)[:48, 40:104] for photograph in list(split().train.values())[3:][:count]]


def test_the_decoder_is_the_encoders_mirror_image():
    network = nnx.eval_shape(lambda: Autoencoder(Shape(3, 3, (5, 7), 1, 4), rngs=nnx.Rngs(0)))
    kernels = [[layer.kernel.shape for layer in chain] for chain in (network.encoder, network.decoder)]
    assert kernels[0] == kernels[1][::-1] == [(4, 4, 3, 5), (4, 4, 5, 7), (3, 3, 7, 7), (1, 1, 7, 4)]
    code = nnx.eval_shape(lambda n: n.encode(jnp.ones((2, 12, 20, 3))), network)
    assert code.shape == (2, 3, 5, 4)
    assert nnx.eval_shape(lambda n: n.decode(jnp.ones(code.shape)), network).shape == (2, 12, 20, 3)


@pytest.mark.parametrize("name", TASKS)
def test_all_that_restores_a_picture_gives_one(name):
    """The sizes are others than those trained on; a network is given as much as it takes."""
    photographs = pieces()
    task = TASKS[name](photographs)
    picture = photographs[0][8:, :40]
    given = task.given(picture, np.random.default_rng(0))
    assert given.dtype == np.float32
    for restore in task.baselines().values():
        image = restore(given)
        assert image.shape == picture.shape
        assert np.isfinite(image).all()
    network = nnx.eval_shape(lambda: task.network(nnx.Rngs(0)))
    batch = jax.ShapeDtypeStruct((1, *given.shape), np.float32)
    restored, code = nnx.eval_shape(lambda n, x: (task.restored(n, x), n.encode(x)), network, batch)
    assert restored.shape == (1, *picture.shape)
    assert code.shape == (1, 40 // task.shape.factor, 40 // task.shape.factor, task.shape.code_ch)


def test_an_untrained_compressor_is_scikit_learns_principal_components():
    """C and Cᵀ of one kernel, the strides as large as it."""
    task = Compression(pieces())
    picture = task.photographs[1]
    found = autoencoder_run.restorer(task, task.network(nnx.Rngs(0)))(picture)
    blocks = np.array([picture[i : i + 8, j : j + 8].ravel() - 0.5 for i in range(0, 48, 8) for j in range(0, 64, 8)])
    components = task.components  # fitted by scikit-learn, whose own projection is taken here
    expected = components.inverse_transform(components.transform(blocks)).reshape(6, 8, 8, 8, 3)
    bound = (192 + 12) * EPS * 12 * 7  # terms; 12 of the code, each at most |block| <= 192**0.5 / 2
    for i, j in np.ndindex(6, 8):
        block = found[8 * i : 8 * i + 8, 8 * j : 8 * j + 8]
        np.testing.assert_allclose(block - 0.5, expected[i, j], rtol=0, atol=bound)
    np.testing.assert_allclose(task.baselines()["principal components"](picture), found, rtol=0, atol=bound)


def test_code_and_smaller_picture_have_as_many_numbers():
    shape = TASKS["compression"].shape
    assert shape.code_ch / shape.factor**2 == 3 / 4**2
    picture = np.zeros((16, 24, 3), np.float32)
    picture[4:8, 8:12, 1] = 1  # one number of the smaller picture
    image = TASKS["compression"](pieces()).baselines()["smaller, then bicubic"](picture)
    assert image[..., 1].argmax() in (5 * 24 + 9, 5 * 24 + 10, 6 * 24 + 9, 6 * 24 + 10)
    assert not image[..., [0, 2]].any()


def squared(holes):
    """Distances from the first hole's first pixel."""
    return np.square(np.indices(holes.shape) - np.argwhere(holes)[0][:, None, None]).sum(0)


def test_only_holes_are_painted():
    task = TASKS["in-painting"]([])
    picture = pieces(1)[0]
    given = task.given(picture, np.random.default_rng(3))
    holes = task.judged(given)
    assert 0.05 < holes.mean() < 0.15
    assert (given[..., 3] == ~holes).all()
    np.testing.assert_array_equal(given[~holes, :3], picture[~holes])
    distance = np.square(np.indices(holes.shape) - np.argwhere(holes)[0][:, None, None]).max(0)
    weights = np.where(distance <= 64, 1, 0) * np.exp(-squared(holes) / 8) * ~holes  # as far as 4 deviations of 2
    expected = np.tensordot(weights, picture, 2) / weights.sum()
    np.testing.assert_allclose(given[tuple(np.argwhere(holes)[0])][:3], expected, rtol=17**2 * EPS)
    image = autoencoder_run.restorer(task, task.network(nnx.Rngs(0)))(given)
    for other in (image, *(restore(given) for restore in task.baselines().values())):
        np.testing.assert_array_equal(other[~holes], picture[~holes])
    mean = [picture[..., c][~holes].mean(dtype=np.float64) for c in range(3)]
    painted = task.baselines()["mean colour"](given)[holes]
    np.testing.assert_allclose(painted, np.broadcast_to(mean, painted.shape), rtol=picture.size * EPS)
    batch = task.given(np.stack([picture, picture]), np.random.default_rng(3))
    np.testing.assert_array_equal(batch[0], given)
    assert (batch[1] != given).any()


def test_colourisation_keeps_the_luminance_and_is_not_for_grey_photographs():
    kind = TASKS["colourisation"]
    takes = {name: kind.takes(as_floats(photograph)) for name, photograph in split().train.items()}
    assert [name for name, takes_it in takes.items() if not takes_it] == ["brick", "grass", "gravel", "camera", "coins"]
    task = kind(pieces())
    picture = task.photographs[2]
    given = task.given(picture, np.random.default_rng(0))
    network = task.network(nnx.Rngs(0))
    mean = task.baselines()["mean colour"](given)
    np.testing.assert_allclose(autoencoder_run.restorer(task, network)(given), mean, atol=16 * EPS)
    bias: Any = network.decoder[-1].bias
    bias[...] = jnp.array([0.1, -0.05])
    for image in (autoencoder_run.restorer(task, network)(given), mean):
        assert np.ptp(image, axis=-1).max() > 0.01
        np.testing.assert_allclose(image @ [0.299, 0.587, 0.114], given[..., 0], atol=1e-4)  # both rounded to 4 digits


def test_noise_has_its_deviation():
    picture = pieces(1)[0]
    noise = TASKS["denoising"]([]).given(picture, np.random.default_rng(0)) - picture
    deviation = 0.1 / np.sqrt(2 * noise.size)  # of the estimate
    assert abs(noise.std() - 0.1) < 5 * deviation


@pytest.mark.usefixtures("few_photographs")
def test_autoencoders_end_to_end(tmp_path, capsys):
    tasks = ["in-painting", "colourisation"]
    assert autoencoder.main([*TINY, "--crop", "16", "--tasks", *tasks, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "autoencoder.png").read_bytes().startswith(b"\x89PNG")
    results = json.loads((tmp_path / "scores.json").read_text())
    assert results["seconds_of_training"].keys() == set(tasks)
    rows = {(score["task"], score["method"]) for score in results["scores"]}
    assert len(rows) == 4 + 3
    assert all(method in printed for _, method in rows)


def test_table_has_the_means_over_photographs():
    scores = [
        Score("task", part, str(i), "way", value + i, 0.5 + i / 4)
        for part, value in (("right", 20), ("unseen", 30))
        for i in range(2)
    ]
    assert table(scores).splitlines()[-1].split() == ["task", "way", "20.50", "0.625", "30.50", "0.625"]


# --- what is refused --------------------------------------------------------------------------

REFUSED = [
    (super_resolution, "scales", ["1"]),
    (super_resolution, "scales", ["2", "2"]),
    (super_resolution, "crop", ["200"]),
    (super_resolution, "steps", ["0"]),
    (super_resolution, "learning-rate", ["nan"]),
    (super_resolution, "seed", ["-1"]),
    (autoencoder, "tasks", ["denoising", "denoising"]),
    (autoencoder, "crop", ["20"]),
    (autoencoder, "batch-size", ["0"]),
]


@pytest.mark.parametrize(("experiment", "name", "value"), REFUSED)
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, experiment, name, value):
    assert experiment.main(["--out", str(tmp_path / "out"), f"--{name}", *value]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"`{name.replace('-', '_')}` must be ")
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("experiment", [super_resolution, autoencoder])
def test_a_folder_that_cannot_hold_results_is_refused_first(tmp_path, capsys, experiment):
    (tmp_path / "out").write_text("in the way")
    assert experiment.main(["--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "choose another --out" in message
    assert message.count("\n") == 1
