"""Mosaics: parts kept apart, every pixel from the photograph that its label names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from experiments.fcn.__main__ import main as check_data
from experiments.fcn.metrics import scores
from experiments.mosaic.__main__ import LEVELS, colour, colour_confusion
from experiments.mosaic.data import Config, MosaicTask, held_out
from experiments.mosaic.folder import execute
from experiments.mosaic.scenes import changed, draw_change, mosaic, nearest
from experiments.photographs import NAMES, parts, photograph


def numbered(count, height, width):
    """Photographs whose colours say which photograph, row and column they are."""
    rows, columns = np.indices((height, width))
    return [np.stack([np.full((height, width), i), rows, columns], -1).astype(np.uint8) for i in range(count)]


@given(st.integers(0, 2**32 - 1), st.integers(16, 40), st.integers(16, 50))
def test_every_pixel_is_from_the_photograph_that_its_label_names(seed, height, width):
    scene = mosaic(numbered(7, 45, 61), (height, width), np.random.default_rng(seed), "name")
    assert scene.image.shape == (height, width, 3)
    assert_array_equal(scene.image[..., 0], scene.labels)
    for number in np.unique(scene.labels):  # in one piece: neighbours stay neighbours
        rows, columns = np.nonzero(scene.labels == number)
        offsets = scene.image[rows, columns, 1:].astype(int) - np.stack([rows, columns], -1)
        assert len(np.unique(offsets, axis=0)) == 1


@given(st.integers(0, 2**32 - 1))
def test_regions_are_of_the_nearest_centre(seed):
    centres = np.random.default_rng(seed).uniform(0, 20, (3, 2))
    for (row, column), region in np.ndenumerate(nearest(centres, (11, 17))):
        distances = [np.hypot(row - y, column - x) for y, x in centres]
        assert distances[region] <= min(distances) + 1e-9


def test_the_parts_of_a_photograph_are_apart():
    for name, left, right in zip(NAMES, *parts(), strict=True):
        whole = photograph(name)
        assert_array_equal(whole[:, : left.shape[1]], left)
        assert_array_equal(whole[:, -right.shape[1] :], right)
        assert left.shape[1] + right.shape[1] <= 0.91 * whole.shape[1]


def test_light_changes_within_bounds_and_nothing_else():
    piece = numbered(1, 9, 13)[0] + 100
    seen = [changed(piece, draw_change(np.random.default_rng(seed))).astype(float) for seed in range(40)]
    shifts = [(s if s[0, 0, 2] < s[0, -1, 2] else s[:, ::-1]) - piece for s in seen]
    assert min(s.min() for s in shifts) >= -0.25 * 128 - 0.25 * 28 - 1
    assert max(s.max() for s in shifts) <= 0.25 * 128 + 0.25 * 28
    assert {bool(s[0, 0, 2] < s[0, -1, 2]) for s in seen} == {True, False}


def test_batches_are_functions_of_seed_and_step():
    first, again, other = (MosaicTask(Config(seed=seed, test_scenes=1)) for seed in (3, 3, 4))
    assert_array_equal(next(iter(first.batches()[6:])).images, again.batch(7).images)
    assert (first.batch(7).images != first.batch(8).images).any()
    assert (first.batch(7).images != other.batch(7).images).any()
    assert first.batch(1).images.shape == (8, 96, 96, 3)


def test_held_out_scenes_have_many_sizes():
    sizes = {held_out(i).labels.shape for i in range(30)}
    assert len(sizes) > 25
    assert all(64 <= n <= 128 for size in sizes for n in size)


def test_the_colour_baseline_counts_colours():
    assert_array_equal(colour(np.array([[0, 0, 255], [255, 16, 15]], np.uint8)), [15, (15 * LEVELS + 1) * LEVELS])
    task = MosaicTask(Config(test_scenes=5))
    confusion = colour_confusion(task)
    assert confusion.sum() == sum(sample.labels.size for sample in task.test)
    assert scores(confusion, task.classes).pixel_accuracy > 2 / len(NAMES)  # better than a guess


@pytest.mark.parametrize("arguments", ["--sizes 40 32", "--sizes 0 32", "--sizes 32 200", "--val 0"])
def test_settings_of_a_folder_are_checked(tmp_path, arguments):
    name = arguments.split()[0].removeprefix("--")
    with pytest.raises(ValueError, match=f"`{name}` must be "):
        execute([str(tmp_path / "set"), *arguments.split()])
    assert not (tmp_path / "set").exists()


def test_a_folder_of_mosaics_is_a_data_set_without_problems(tmp_path):
    execute([str(tmp_path / "set"), "--train", "3", "--val", "2", "--sizes", "32", "40"])
    arguments = ["--data", str(tmp_path / "set"), "--classes", str(tmp_path / "set" / "classes.txt")]
    assert check_data(["check-data", *arguments]) == 0
