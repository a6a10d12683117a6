"""A function of one's own as augmentation: called for each picture, by the run's random numbers, and checked."""

import re

import grain
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.task import load_task
from experiments.fcn.task import IGNORE
from tests.fcn.data.files import config

FUNCTIONS = """
import numpy as np

def change(rng, picture, mask):
    picture[:, :, 0] = rng.integers(1, 200)  # in place
    mask[mask == 3] = 255
    return picture, mask.astype(np.uint8)

def crops(rng, picture, mask):
    return picture[1:], mask[1:]

def floats(rng, picture, mask):
    return picture / 255, mask

def strange(rng, picture, mask):
    return picture, mask + 4

def nothing(rng, picture, mask):
    pass

def fails(rng, picture, mask):
    return picture[1000, 0], mask
"""


def task_of(folder, monkeypatch, function, **options):
    (folder / "own_functions.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(folder)
    return load_task(config(folder, Augmentation(crop=(12, 16), augmentation=f"own_functions:{function}"), **options))


def test_the_function_changes_what_is_trained_on_alone(folder, monkeypatch):
    task = task_of(folder, monkeypatch, "change", batch_size=7, num_classes=5)
    batch = task.batches()[0]
    assert batch is not None
    assert set(np.unique(batch.labels)) == {0, 1, 2, 4, IGNORE}
    assert batch.labels.dtype == np.int32
    drawn = batch.images[..., 0]
    assert (drawn == drawn[:, :1, :1]).all()
    assert len(np.unique(drawn)) > 1
    assert 3 in task.test[0].labels
    assert task.test[0].image[0, 0].tolist() == [75, 75, 75]


def test_the_function_draws_the_same_again(folder, monkeypatch):
    batches = task_of(folder, monkeypatch, "change", batch_size=3, num_classes=5).batches()
    expected = [batches[i] for i in range(6)]
    reading = grain.ReadOptions(num_threads=2, prefetch_buffer_size=4)
    again = task_of(folder, monkeypatch, "change", batch_size=3, num_classes=5).batches()
    for got, batch in zip(again[2:6].to_iter_dataset(reading), expected[2:], strict=True):
        assert batch is not None
        assert_array_equal(got.images, batch.images)
        assert_array_equal(got.labels, batch.labels)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("crops", r"crops must return the picture as uint8 of shape \(12, 16, 3\), got uint8 of shape \(11, 16, 3\)"),
        ("floats", r"must return the picture as uint8 of shape \(12, 16, 3\), got float64"),
        ("strange", r"must return a mask of the classes 0 to 4 and 255, got the value [5678] for the picture \d\."),
        ("nothing", r"must return \(picture, mask\), got a NoneType"),
        ("fails", r"must not fail, got IndexError: index 1000 .*own_functions.py, line 22\)"),
    ],
)
def test_a_function_at_fault_is_named(folder, monkeypatch, function, message):
    task = task_of(folder, monkeypatch, function, num_classes=5)
    with pytest.raises(ValueError, match=f"`augmentation` own_functions:.*{message}") as problem:
        list(task.batches()[:2].to_iter_dataset())
    assert re.search(r"for the picture \d\.$", str(problem.value))


@pytest.mark.parametrize(("name", "message"), [("no_such:f", "cannot be imported"), ("math:f", "math has no f")])
def test_a_function_that_is_not_there(folder, name, message):
    with pytest.raises(ValueError, match=f"`augmentation` {name}.*{message}"):
        load_task(config(folder, Augmentation(augmentation=name)))
