"""The experiments on photographs: their arithmetic against Pillow and loops, and each end to end with tiny networks."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_helpers import quick_float32
from flax import nnx
from PIL import Image

from experiments.crops import Crops
from experiments.photographs import split
from experiments.super_resolution import __main__ as super_resolution
from experiments.super_resolution import run as super_resolution_run
from experiments.super_resolution.config import Config as SuperResolution
from experiments.super_resolution.data import luminance, pair
from experiments.super_resolution.network import Enlarger

TINY = ["--steps", "2", "--batch-size", "2"]
ROUNDING = 16 * np.finfo(np.float32).eps  # 16 terms of about 1, added in another order


@pytest.fixture(autouse=True)
def _single_precision():
    with quick_float32():
        yield


@pytest.fixture
def few_photographs(monkeypatch):
    """A small piece of one photograph of each part: what is tried is the way, and not the numbers."""
    whole = split()
    few = type(whole)(
        {"coffee": whole.train["coffee"][:60, :70]},
        {"coffee": whole.right["coffee"][:46, :38]},
        {"cat": whole.unseen["cat"][:38, :46]},
    )
    for module in (super_resolution_run,):
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
    np.testing.assert_allclose(found[0, ..., 0], np.asarray(expected), rtol=0, atol=ROUNDING)


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
def test_super_resolution_end_to_end_and_again(tmp_path, capsys):
    arguments = [*TINY, "--crop", "8", "--width", "2", "--depth", "1", "--scales", "2", "3"]
    assert super_resolution.main([*arguments, "--out", str(tmp_path)]) == 0
    assert "over bicubic" in capsys.readouterr().out
    assert (tmp_path / "super-resolution.png").read_bytes().startswith(b"\x89PNG")
    scores = json.loads((tmp_path / "scores.json").read_text())["scores"]
    assert len(scores) == 2 * 2 * 4  # scales, photographs, methods
    for seed in (0, 1):
        config = SuperResolution(scales=(2,), steps=2, batch_size=2, crop=8, width=2, depth=1, seed=seed)
        again = [score._asdict() for score in super_resolution_run.run(config).scores]
        assert (again == scores[:8]) == (seed == 0)


def test_training_changes_the_last_kernel():
    config = SuperResolution(scales=(2,), steps=3, crop=8, batch_size=2, width=2, depth=1)
    network = Enlarger(2, 2, 1, rngs=nnx.Rngs(0))
    super_resolution_run.train(network, config)
    assert np.abs(network.last.kernel[...]).max() > 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(nnx.state(network)))


# --- what is refused --------------------------------------------------------------------------

REFUSED = [
    (super_resolution, "scales", ["1"]),
    (super_resolution, "scales", ["2", "2"]),
    (super_resolution, "crop", ["200"]),
    (super_resolution, "steps", ["0"]),
    (super_resolution, "learning-rate", ["nan"]),
    (super_resolution, "seed", ["-1"]),
]


@pytest.mark.parametrize(("experiment", "name", "value"), REFUSED)
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, experiment, name, value):
    assert experiment.main(["--out", str(tmp_path / "out"), f"--{name}", *value]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"`{name.replace('-', '_')}` must be ")
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("experiment", [super_resolution])
def test_a_folder_that_cannot_hold_results_is_refused_first(tmp_path, capsys, experiment):
    (tmp_path / "out").write_text("in the way")
    assert experiment.main(["--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "choose another --out" in message
    assert message.count("\n") == 1
