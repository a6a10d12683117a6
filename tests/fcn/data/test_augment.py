"""Augmentation: pictures and labels stay aligned, colours follow their formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import share
from PIL import Image

from experiments.fcn.data.augment import Augmentation, augment, recolour
from experiments.fcn.data.task import mean_colour
from experiments.fcn.task import IGNORE, Sample
from jtconv.weights import Preprocessing
from tests.fcn.data.files import RNG, luma

FILL = np.array([9, 9, 200], np.uint8)
STEP = 5  # of a picture's values per pixel, so that rounding them is a tenth of a pixel


def coordinates(height, width):
    """A picture and labels that say of each pixel where it is; nowhere FILL's blue or IGNORE."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([STEP * rows, STEP * columns, np.full((height, width), 7)], -1).astype(np.uint8)
    return Sample(image, (1000 * rows + columns).astype(np.int32), "x")


@settings(max_examples=share(0.5))
@given(
    st.tuples(st.integers(1, 50), st.integers(1, 50)),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.sampled_from([(1.0, 1.0), (0.5, 1.0), (1.0, 2.5), (0.7, 0.7)]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.integers(0, 99),
)
def test_pictures_and_labels_stay_aligned(size, crop, scale, sides, seed):
    flip, flip_vertical, turn = sides
    how = Augmentation(crop=crop, scale=scale, flip=flip, flip_vertical=flip_vertical, turn=turn)
    image, labels, name = augment(coordinates(*size), how, FILL, np.random.default_rng(seed))
    assert (image.shape, labels.shape, name) == ((*crop, 3), crop, "x")
    assert (image.dtype, labels.dtype) == (np.uint8, np.int32)
    padded = labels == IGNORE
    assert_array_equal(image[padded], np.broadcast_to(FILL, image[padded].shape))
    assert_array_equal(image[~padded][:, 2], 7)
    shown, meant = image[~padded][:, :2] / STEP, np.stack([labels // 1000, labels % 1000], -1)[~padded]
    # Nearest neighbours are within half a pixel, rounding within a tenth. Where a picture is made
    # smaller, the triangle that is averaged over is cut off at its edges: a tenth of a new pixel off.
    tolerance = 0 if scale == (1, 1) else 0.6 + 0.25 / min(1, scale[0])
    assert np.abs(shown - meant).max(initial=0) <= tolerance
    if scale == (1, 1) and not turn:
        assert (~padded).sum() == min(size[0], crop[0]) * min(size[1], crop[1])


def test_crops_reach_every_place_and_flips_both_sides():
    sample, rng = coordinates(9, 11), np.random.default_rng(0)
    how = Augmentation(crop=(4, 14), flip=True)
    drawn = [augment(sample, how, FILL, rng) for _ in range(300)]
    tops = {int(x.labels[:, 3:-3].min()) // 1000 for x in drawn}
    lefts = {int(np.flatnonzero(x.labels[0] != IGNORE)[0]) for x in drawn}
    assert (tops, lefts) == (set(range(6)), set(range(4)))
    mirrored = np.mean([x.labels[0, 5] > x.labels[0, 6] for x in drawn])
    assert 0.38 < mirrored < 0.62  # 4 standard deviations of 300 coins


def test_turns_and_flips_reach_all_eight_sides_and_change_nothing_else():
    sample, rng = coordinates(6, 9), np.random.default_rng(0)
    turned = [np.rot90(x, k) for x in (sample.labels, sample.labels[:, ::-1]) for k in range(4)]
    how = Augmentation(crop=(9, 9), turn=True, flip=True, flip_vertical=True)
    seen = set()
    for _ in range(200):
        labels = augment(sample, how, FILL, rng).labels
        there = labels != IGNORE
        inner = labels[np.ix_(there.any(1), there.any(0))]
        seen |= {i for i, x in enumerate(turned) if np.array_equal(inner, x)}
        assert any(np.array_equal(inner, x) for x in turned)
    assert seen == set(range(8))


def test_rotated_pictures_and_labels_stay_aligned_and_angles_within_bounds():
    sample, rng = coordinates(41, 51), np.random.default_rng(0)
    angles = []
    for _ in range(60):
        image, labels, _ = augment(sample, Augmentation(rotate=20), FILL, rng)
        there = labels != IGNORE
        # Pillow finds the nearest pixel by fixed-point numbers: the outermost may be in for one and out for the other.
        assert ((image[..., 2] == 7) != there).sum() <= 2
        both = there & (image[..., 2] == 7)
        shown, meant = image[both][:, :2] / STEP, np.stack([labels // 1000, labels % 1000], -1)[both]
        assert np.abs(shown - meant).max() <= 0.6 + 1e-9  # half a pixel, and a tenth of rounding
        down, right = np.subtract(*(image[20, x, :2] / STEP for x in (45, 5)))
        angles.append(np.degrees(np.arctan2(down, right)))
    assert max(map(abs, angles)) <= 20.5  # rounded coordinates: a tenth of a pixel in 40, twice
    assert min(angles) < -15
    assert max(angles) > 15
    assert len({round(x) for x in angles}) > 20


def test_settings_without_rotation_draw_what_they_drew():
    """The batches of a run that is gone on with are those that it was begun with."""
    rng, again = np.random.default_rng(5), np.random.default_rng(5)
    how = Augmentation(crop=(8, 8), scale=(0.8, 1.6), flip=True, brightness=0.1)
    sample = Sample(np.full((30, 20, 3), 100, np.uint8), np.zeros((30, 20), np.int32), "x")
    result = augment(sample, how, FILL, again)
    factor = rng.uniform(0.8, 1.6)
    for size in (30, 20):
        rng.integers(1)  # of the padding, which there is none of
        rng.integers(round(size * factor) - 8 + 1)
    rng.random()  # of the flip
    assert_array_equal(result.image, round(100 * rng.uniform(0.9, 1.1)))


def test_scaled_pictures_show_scaled_pictures():
    """Against Pillow's resize of the whole picture, for one channel and for four."""
    for channels in (1, 3, 4):
        image = RNG.integers(0, 256, (30, 40, channels), np.uint8)
        how = Augmentation(crop=(45, 60), scale=(1.5, 1.5))
        result = augment(Sample(image, np.zeros((30, 40), np.int32), "x"), how, FILL, np.random.default_rng(0)).image
        for c in range(channels):
            whole = np.asarray(Image.fromarray(image[..., c]).resize((60, 45), Image.Resampling.BILINEAR))
            assert_array_equal(result[..., c], whole)


def test_nothing_is_changed_by_default():
    sample = coordinates(7, 5)
    for one, other in zip(augment(sample, Augmentation(), FILL, np.random.default_rng(0)), sample, strict=True):
        assert_array_equal(one, other)


class Ends:
    """A stand-in for a generator: every draw is its highest, or its lowest."""

    def __init__(self, high):
        self.high = high

    def uniform(self, low, high):
        return high if self.high else low


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_colours_by_their_formulas(high, channels):
    image = RNG.integers(60, 120, (5, 4, channels), np.uint8)
    colours, sign = image[..., :3].astype(np.float64), 1 if high else -1

    def changed(expected, **amount):
        got = recolour(image, Augmentation(**amount), Ends(high))  # pyright: ignore[reportArgumentType] (a stand-in for the Generator)
        assert_allclose(got[..., :3], expected.clip(0, 255), atol=0.51)
        assert_array_equal(got[..., 3:], image[..., 3:])

    grey = luma(colours)[..., None] if channels >= 3 else colours
    changed(colours * (1 + sign * 0.5), brightness=0.5)
    changed(grey.mean() + (colours - grey.mean()) * (1 + sign * 0.5), contrast=0.5)
    changed(grey + (colours - grey) * (1 + sign * 0.5), saturation=0.5)


def test_the_padding_is_the_mean_that_preprocessing_subtracts():
    for preprocessing in (Preprocessing.torch(), Preprocessing.keras(), Preprocessing.torch().with_channels(1)):
        values = preprocessing(mean_colour(preprocessing)[None, None])
        # Rounding to a whole value: half a step of the picture's 255.
        assert_allclose(values, 0, atol=0.51 * preprocessing.scale / min(preprocessing.std))
    assert mean_colour(Preprocessing.keras()).tolist() == [124, 117, 104]  # red first
