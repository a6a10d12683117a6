"""The data of the FCN-8 experiment: forms kept apart, scenes as described, files checked."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from experiments.errors import UserError
from experiments.fcn.metrics import confusion_matrix, scores
from experiments.fcn8 import scenes as sc
from experiments.fcn8.config import Config
from experiments.fcn8.data import CLASSES, DigitScenes, load_data
from experiments.fcn8.digits import Digits, source_digits
from experiments.fcn8.m2nist import load_m2nist

BENT = sc.Augmentation(rotation=0.3, shear=0.2, stretch=0.2, shift=1.5, fade=0.5)


def rng(*seed):
    return np.random.default_rng(seed or 0)


# --- source digits ---------------------------------------------------------------------------


def test_the_split_falls_between_two_forms():
    train, test = source_digits()
    assert (len(train.labels), len(test.labels)) == (1415, 382)
    # A form opens with 0…9 three times (two have lost a digit of it: eleven and three in all).
    opening = [*range(10)] * 3
    starts = [
        [i for i in range(len(labels) - 29) if labels[i : i + 30].tolist() == opening]
        for labels in (train.labels, test.labels)
    ]
    assert (starts[0], starts[1]) == ([0, 130, 256, 386, 516, 646, 776, 1029, 1157, 1287], [0, 252])


def test_no_digit_is_in_both_splits():
    train, test = (set(map(bytes, digits.images)) for digits in source_digits())
    assert not train & test


@pytest.mark.parametrize("digits", source_digits(), ids=["train", "test"])
def test_every_digit_is_there_with_ink_between_0_and_1(digits):
    assert set(digits.labels) == set(range(10))
    assert digits.images.shape[1:] == (8, 8)
    assert (digits.images.min(), digits.images.max()) == (0, 1)


# --- scenes ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain():
    return sc.compose(source_digits()[1], 200, rng(1))


def test_scene_form(plain):
    assert (plain.images.shape, plain.images.dtype) == ((200, 64, 84, 1), np.float32)
    assert (plain.labels.shape, plain.labels.dtype) == ((200, 64, 84), np.int32)
    assert 0 <= plain.images.min() < plain.images.max() <= 1


def test_a_pixel_bears_a_digit_where_its_ink_exceeds_the_threshold(plain):
    assert_array_equal(plain.labels != sc.BACKGROUND, plain.images[..., 0] > sc.INK)


def test_scenes_hold_one_to_three_digits_of_the_size_of_mnist(plain):
    """Digits are found as clusters of ink that a 28-pixel box can hold."""
    kinds = [len(set(np.unique(labels)) - {sc.BACKGROUND}) for labels in plain.labels]
    assert set(kinds) == {1, 2, 3}
    heights = []
    for labels in plain.labels[np.array(kinds) == 1]:
        rows, columns = np.nonzero(labels != sc.BACKGROUND)
        if np.ptp(rows) < sc.BOX and np.ptp(columns) < sc.BOX:  # else two digits of one class
            heights.append(np.ptp(rows) + 1)
    assert len(heights) > 30
    assert 18 < np.median(heights) < 28


def test_boxes_do_not_overlap():
    shown = np.arange(3) < rng(2).integers(1, 4, 500)[:, None]
    corners = sc.place_boxes(shown, rng(3))
    for scene, shown_here in zip(corners, shown, strict=True):
        covered = np.zeros((sc.HEIGHT, sc.WIDTH), int)
        for y, x in scene[shown_here]:
            covered[y : y + sc.BOX, x : x + sc.BOX] += 1
        assert covered.max() == 1
        assert covered.sum() == shown_here.sum() * sc.BOX**2  # none hangs over the edge


def test_boxes_side_by_side_are_the_last_resort(monkeypatch):
    monkeypatch.setattr(sc, "ARRANGEMENTS", 1)
    corners = sc.place_boxes(np.ones((4, 3), bool), rng())
    assert (np.diff(np.sort(corners[..., 1])) >= sc.BOX).all()
    assert (corners >= 0).all()
    assert (corners <= [sc.HEIGHT - sc.BOX, sc.WIDTH - sc.BOX]).all()


def test_bilinear_agrees_with_scipy():
    images = rng().uniform(size=(5, 8, 8)).astype(np.float32)
    source = rng(1).uniform(-3, 11, (5, 2, 300)).astype(np.float32)
    for image, position, value in zip(images, source, sc.bilinear(images, source), strict=True):
        expected = ndimage.map_coordinates(np.pad(image, 3), position + 3, order=1, mode="grid-constant")
        assert_allclose(value, expected, atol=2e-3 if np.abs(position).max() > 8 else 1e-5)


def test_enlarging_without_bending_keeps_a_digit_upright():
    """A digit inked in its top left corner only is inked there in the box."""
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 1, 2] = 1
    box = sc.enlarge(image, sc.draw_bends(1, rng(), sc.PLAIN))[0]
    row, column = np.unravel_index(box.argmax(), box.shape)
    assert row < column < 14


def test_paste_is_a_loop_over_boxes():
    boxes = rng().uniform(size=(4, sc.BOX, sc.BOX))
    scene, corners = np.array([0, 0, 2, 3]), np.array([[0, 0], [36, 56], [5, 9], [20, 30]])
    expected = np.full((4, sc.HEIGHT, sc.WIDTH), 7.0)
    for box, s, (y, x) in zip(boxes, scene, corners, strict=True):
        expected[s, y : y + sc.BOX, x : x + sc.BOX] = box
    assert_array_equal(sc.paste(boxes, scene, corners, 4, empty=7.0), expected)


def test_bent_digits_keep_their_masks_when_they_fade():
    digits = Digits(np.full((1, 8, 8), 0.9, np.float32), np.array([4], np.int32))
    faded = sc.compose(digits, 50, rng(), sc.Augmentation(fade=0.9))
    inked = faded.labels == 4
    assert (inked.sum((1, 2)) > 19**2 / 1.5).all()
    assert faded.images[..., 0][inked].min() < sc.INK / 2


def test_scenes_are_a_function_of_the_generator():
    train = source_digits()[0]
    one, same, other = (sc.compose(train, 8, rng(seed), BENT) for seed in (1, 1, 2))
    assert_array_equal(one.images, same.images)
    assert_array_equal(one.labels, same.labels)
    assert (one.images != other.images).any((1, 2, 3)).all()


def test_a_batch_depends_on_seed_and_step_alone():
    first, second = DigitScenes(Config(seed=3)), DigitScenes(Config(seed=3))
    for step in (1, 2, 3):
        first.batch(step)
    assert_array_equal(first.batch(7).images, second.batch(7).images)
    pictures = {DigitScenes(Config(seed=seed)).batch(step).images.tobytes() for seed in (0, 1) for step in (1, 2)}
    assert len(pictures) == 4


def test_no_scene_is_shared_and_all_seeds_are_tested_on_the_same():
    data, other = DigitScenes(Config(seed=0)), DigitScenes(Config(seed=1))
    assert_array_equal(data.test.images, other.test.images)
    held_out = {image.tobytes() for image in data.test.images}
    assert len(held_out) == len(data.test.images) == 300
    assert not any(image.tobytes() in held_out for step in range(40) for image in data.batch(step).images)


# --- M2NIST's files --------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Ten scenes in the form of M2NIST, labels drawn at random."""
    images = rng().integers(0, 256, (10, 64, 84)).astype(np.uint8)
    labels = rng(1).integers(0, 11, (10, 64, 84))
    np.save(tmp_path / "combined.npy", images)
    np.save(tmp_path / "segmented.npy", (labels[..., None] == np.arange(11)).astype(np.float64))
    return tmp_path


def test_m2nist_arrays_are_read(folder):
    read = load_m2nist(folder)
    assert_allclose(read.images[..., 0] * 255, np.load(folder / "combined.npy"), rtol=1e-6)
    assert_array_equal(read.labels, np.load(folder / "segmented.npy").argmax(-1))
    assert (read.images.dtype, read.labels.dtype) == (np.float32, np.int32)


def test_a_pixel_without_class_is_background(folder):
    segmented = np.load(folder / "segmented.npy")
    segmented[3, 5, 7] = 0
    np.save(folder / "segmented.npy", segmented.astype(np.uint8))
    assert load_m2nist(folder).labels[3, 5, 7] == sc.BACKGROUND


def test_m2nist_is_split_by_index(folder):
    data = load_data(Config(data=folder, batch_size=64))
    every = load_m2nist(folder)
    assert_array_equal(data.test.images, every.images[8:])
    drawn = {image.tobytes() for image in data.batch(1).images}
    assert drawn <= {image.tobytes() for image in every.images[:8]}
    assert_array_equal(data.batch(5).labels, load_data(Config(data=folder, batch_size=64)).batch(5).labels)


def truncate(file):
    file.write_bytes(file.read_bytes()[:5000])


def set_value(file, value, dtype: type = float):
    array = np.load(file).astype(dtype)
    array[0, 0, 0] = value
    np.save(file, array)


def spoil_header(file):
    """An opening bracket in the place of the last, so that the header's Python never ends."""
    file.write_bytes(file.read_bytes().replace(b"}", b"(", 1))


def archive(file):
    with file.open("wb") as stream:
        np.savez(stream, np.zeros(3))


DAMAGE = {
    "header": spoil_header,
    "half a zip": lambda file: file.write_bytes(b"PK\x03\x04 and no more"),
    "a whole zip": archive,
    "negative": lambda file: set_value(file, -1),
    "not finite": lambda file: set_value(file, np.nan),
    "two classes, or too large": lambda file: set_value(file, 1, np.uint16),
    "truncated": truncate,
    "empty": lambda file: file.write_bytes(b""),
    "no array": lambda file: file.write_text("hello"),
    "missing": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "pickled": lambda file: np.save(file, np.array([{"a": 1}]), allow_pickle=True),
    "shape": lambda file: np.save(file, np.zeros((10, 64, 80), np.uint8)),
    "no scenes": lambda file: np.save(file, np.load(file)[:0]),
    "fewer scenes": lambda file: np.save(file, np.load(file)[:4]),
    "complex": lambda file: np.save(file, np.load(file).astype(complex)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["combined.npy", "segmented.npy"])
def test_a_damaged_file_is_named_with_a_remedy(folder, name, damage):
    damage(folder / name)
    with pytest.raises(UserError, match=r"put M2NIST's combined\.npy and segmented\.npy there") as caught:
        load_m2nist(folder)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


# --- scores ----------------------------------------------------------------------------------


def test_confusion_matrix_is_a_loop_over_pixels():
    truth, prediction = rng().integers(0, 11, (2, 3, 20, 10))
    expected = np.zeros((11, 11), int)
    for t, p in zip(truth.ravel(), prediction.ravel(), strict=True):
        expected[t, p] += 1
    assert_array_equal(confusion_matrix(truth, prediction, 11), expected)


def test_scores_are_those_of_sets_of_pixels():
    truth, prediction = rng().integers(0, 9, (2, 400))  # 9 and the background are in neither
    iou = []
    for c in range(9):
        true, predicted = (set(np.flatnonzero(x == c)) for x in (truth, prediction))
        iou.append(len(true & predicted) / len(true | predicted))
    result = scores(confusion_matrix(truth, prediction, 11), CLASSES)
    assert_allclose(result.class_iou, [*iou, np.nan, np.nan])
    assert_allclose([result.foreground_iou, result.mean_iou], np.mean(iou))
    assert_allclose(result.pixel_accuracy, np.mean(truth == prediction))


def test_the_background_counts_in_the_mean_but_not_among_the_digits():
    confusion = np.diag(np.arange(1, 12))
    confusion[sc.BACKGROUND, 0] = 1  # digit 0: 1 of 2 pixels; background: 11 of 12
    result = scores(confusion, CLASSES)
    assert_allclose(result.foreground_iou, (0.5 + 9) / 10)
    assert_allclose(result.mean_iou, (0.5 + 9 + 11 / 12) / 11)
