"""A small data set in folders."""

import numpy as np
import pytest

from tests.fcn.data.files import save


@pytest.fixture
def folder(tmp_path):
    """Seven pictures to train on and two held out, each of its own colour and size, five classes."""
    for i in range(9):
        part = "train" if i < 7 else "val"
        save(np.full((20 + i, 30 - i, 3), 10 * i + 5, np.uint8), tmp_path / f"images/{part}/{i}.png")
        mask = np.resize(np.arange(5, dtype=np.uint8), (20 + i, 30 - i))
        save(mask, tmp_path / f"masks/{part}/{i}.png")
    return tmp_path
