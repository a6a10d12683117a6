"""ADE20K's folders and masks: a layout that is one row and its classes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from experiments.fcn.data.config import FolderConfig, Source
from experiments.fcn.data.presets import ADE20K
from experiments.fcn.data.task import load_task
from experiments.fcn.task import IGNORE

MASK = np.array([[0, 1, 13, 150]], np.uint8)  # all else, wall, person, flag


@pytest.fixture
def data(tmp_path):
    for split in ("training", "validation"):
        for kind, name, values in (("images", "x.jpg", np.zeros((1, 4, 3), np.uint8)), ("annotations", "x.png", MASK)):
            file = tmp_path / kind / split / f"{split}_{name}"
            file.parent.mkdir(parents=True)
            Image.fromarray(values).save(file)
    return tmp_path


@pytest.mark.parametrize("options", [{}, {"layout": "ade20k"}, {"reduce_zero_label": True}])
def test_classes_are_one_lower_than_the_masks_values(data, options):
    task = load_task(FolderConfig(source=Source(data=data, **options)))
    assert [sample.name for sample in task.test] == ["validation_x"]
    assert_array_equal(task.test[0].labels, [[IGNORE, 0, 12, 149]])
    assert [task.classes.names[i] for i in (0, 12, 149)] == ["wall", "person", "flag"]


def test_other_classes_are_read_as_they_are(data):
    """As many as there are values: then 0 is one of them."""
    task = load_task(FolderConfig(source=Source(data=data, num_classes=151)))
    assert_array_equal(task.test[0].labels, MASK)


def test_there_are_150_names_and_colours():
    assert ADE20K.classes is not None
    names, colours = ADE20K.classes[:2]
    assert len(set(names)) == len(set(colours)) == 150
    assert all(name == name.strip() for name in names)
