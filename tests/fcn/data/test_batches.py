"""Batches: the same for the same seed, each picture once in an epoch, errors that name the file."""

from typing import cast

import grain
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from experiments.errors import UserError
from experiments.fcn.data.augment import Augmentation
from experiments.fcn.data.task import load_task
from experiments.fcn.task import Batch, Signature
from jtconv.weights import Preprocessing
from tests.fcn.data.files import MASK, config, damage_label, halve, save


def batch_of(task, index):
    """Grain's type says that an entry may be None."""
    return cast(Batch, task.batches()[index])


RANDOM = Augmentation(crop=(16, 12), scale=(0.8, 1.6), flip=True, brightness=0.1)


def test_a_task(folder):
    task = load_task(config(folder, RANDOM, batch_size=3))
    assert task.signature == Signature(3, 5, Preprocessing.torch())
    batch = batch_of(task, 0)
    assert (batch.images.shape, batch.images.dtype) == ((3, 16, 12, 3), np.uint8)
    assert (batch.labels.shape, batch.labels.dtype) == ((3, 16, 12), np.int32)
    assert [sample.name for sample in task.test] == ["7", "8"]
    assert_array_equal(task.test[1].image, np.full((28, 22, 3), 85))
    assert [x.name for x in task.test[1:]] == ["8"]
    assert hash(config(folder)) == hash(config(folder))


def test_an_interrupted_run_goes_on_with_the_same_batches(folder):
    whole = load_task(config(folder, RANDOM, batch_size=3))
    expected = [batch_of(whole, i) for i in range(9)]
    for first, threads in ((0, 1), (4, 0), (5, 3)):  # within an epoch of 7 pictures
        reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=4 if threads else 0)
        rest = load_task(config(folder, RANDOM, batch_size=3)).batches()[first:9].to_iter_dataset(reading)
        for got, batch in zip(rest, expected[first:], strict=True):
            assert_array_equal(got.images, batch.images)
            assert_array_equal(got.labels, batch.labels)


def test_every_epoch_has_every_picture_once_in_another_order_and_augmented_anew(folder):
    task = load_task(config(folder, Augmentation(crop=(16, 12), brightness=0.02), batch_size=7))
    epochs = [batch_of(task, i).images[:, 0, 0, 0].astype(int) for i in range(4)]
    orders = [np.rint((epoch - 5) / 10).astype(int).tolist() for epoch in epochs]
    assert [sorted(order) for order in orders] == [list(range(7))] * 4
    assert len(set(map(tuple, orders))) > 1
    assert len({tuple(sorted(epoch)) for epoch in epochs}) > 1


def test_pictures_that_teach_nothing_are_named_once(folder, capsys):
    for i in range(6):
        save(np.full((20 + i, 30 - i), 255, np.uint8), folder / f"masks/train/{i}.png")
    list(load_task(config(folder, RANDOM, batch_size=7, num_classes=5)).batches()[:3])
    lines = capsys.readouterr().err.splitlines()
    assert len(set(lines)) == len(lines) == 4
    assert all("has nothing but ignored pixels" in line for line in lines)
    assert [line.endswith("check-data counts them all") for line in lines] == [False] * 3 + [True]


def test_seeds_differ(folder):
    one, other = (batch_of(load_task(config(folder, RANDOM, seed=seed)), 0) for seed in (0, 2**32 - 1))
    assert not np.array_equal(one.images, other.images)


def test_batches_larger_than_the_data_set(folder):
    assert len(batch_of(load_task(config(folder, RANDOM, batch_size=20)), 1).images) == 20


def test_different_sizes_ask_for_a_crop(folder):
    task = load_task(config(folder, batch_size=2))
    with pytest.raises(UserError, match=r"differ in size: give --crop"):
        task.batches()[0]
    assert batch_of(load_task(config(folder, batch_size=1)), 0).images.shape[1] >= 20


def damage_size(root):
    save(MASK, root / "masks/train/3.png")


@pytest.mark.parametrize(
    ("damage", "name", "message"),
    [
        (lambda root: halve(root / "images/train/3.png"), "images/train/3.png", "is damaged"),
        (lambda root: (root / "masks/train/3.png").unlink(), "masks/train/3.png", "does not exist"),
        (damage_size, "masks/train/3.png", "is 6×4 pixels, but its picture .* is 27×23"),
        (damage_label, "masks/train/3.png", r"none of the 5 classes: 9 \(621 pixels\): map them with --label-map"),
    ],
)
@pytest.mark.parametrize("threads", [0, 2])
def test_a_file_at_fault_ends_training_with_its_name(folder, damage, name, message, threads):
    """Pictures are read when they are used: what goes wrong after the task was loaded is found then."""
    task = load_task(config(folder, RANDOM, batch_size=2))
    damage(folder)
    reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
    with pytest.raises(UserError, match=message) as problem:
        list(task.batches()[:4].to_iter_dataset(reading))
    assert str(folder / name) in str(problem.value)


def test_masks_that_do_not_say_how_many_classes_there_are(folder):
    save(np.full((23, 27), 9, np.uint8), folder / "masks/train/3.png")
    with pytest.raises(UserError, match=r"values \(0, 1, 2, 3, 4, 9\) are not the classes.*--num-classes"):
        load_task(config(folder))
    assert load_task(config(folder, num_classes=10)).signature.num_classes == 10
    assert load_task(config(folder, label_map=("9=5",))).signature.num_classes == 6
