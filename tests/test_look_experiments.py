"""The experiments of seconds: the articles' results, and what loops in NumPy give."""

import importlib
from xml.etree import ElementTree

import numpy as np
import pytest
from fcn_helpers import quick_float32
from numpy.testing import assert_array_equal

from experiments.by_hand.config import Config as ByHand
from experiments.by_hand.work import work


@pytest.fixture(autouse=True)
def _single_precision():
    """Users run them without x64."""
    with quick_float32():
        yield


# --- the frame -------------------------------------------------------------------------------


def command(name):
    return importlib.import_module(f"experiments.{name}.__main__").main


def test_a_run_prints_its_table_and_leaves_its_files(tmp_path, capsys):
    small = ["--input-size", "1", "2", "--kernel-size", "1", "2"]
    assert command("by_hand")([*small, "--out", str(tmp_path / "out")]) == 0
    assert "the same: yes" in capsys.readouterr().out
    assert (tmp_path / "out" / "by_hand.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "out" / "steps.svg").read_text()
    ElementTree.fromstring(svg)
    for number in range(2):  # each frame is seen in its turn
        assert f'<g id="step-{number}">' in svg
        assert f"#step-{number} {{ animation: turn" in svg


def test_a_folder_that_cannot_hold_results_is_refused(tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert command("by_hand")(["--out", str(tmp_path / "out")]) == 2
    assert "choose another --out" in capsys.readouterr().err


WRONG = [
    ("by_hand", "padding", "2 0"),
    ("by_hand", "input-size", "4 1"),
    ("by_hand", "strides", "0 1"),
]


@pytest.mark.parametrize(("name", "setting", "values"), WRONG)
def test_a_setting_out_of_bounds_is_named(tmp_path, capsys, name, setting, values):
    assert command(name)([f"--{setting}", *values.split(), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"`{setting.replace('-', '_')}` must be ")
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


# --- by hand ---------------------------------------------------------------------------------


def placed_and_added(y, kernel, strides, padding):
    """The whole result by loops, then cropped."""
    full = np.zeros([s * (i - 1) + k for i, k, s in zip(y.shape, kernel.shape, strides, strict=True)])
    for row, column in np.ndindex(y.shape):
        for t, u in np.ndindex(kernel.shape):
            full[strides[0] * row + t, strides[1] * column + u] += y[row, column] * kernel[t, u]
    return full[padding[0] : full.shape[0] - padding[0], padding[1] : full.shape[1] - padding[1]]


def test_the_article_by_hand():
    done = work(ByHand())
    assert_array_equal(done.y, [[0, 1], [2, 3]])
    assert_array_equal(done.result, [[0, 0, 1], [0, 4, 6], [4, 12, 9]])
    assert_array_equal(done.steps[2].total, [[0, 0, 1], [0, 4, 3], [4, 6, 0]])
    assert_array_equal(done.inserted, [[0, 0, 0, 0], [0, 0, 1, 0], [0, 2, 3, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize("padding", [(0, 0), (1, 0)])
def test_every_way_is_what_loops_give(padding):
    config = ByHand(input_size=(2, 3), kernel_size=(3, 2), strides=(2, 3), padding=padding)
    done = work(config)
    expected = placed_and_added(done.y, done.kernel, config.strides, padding)
    assert_array_equal(done.result, expected)
    assert_array_equal(done.steps[-1].total, expected)
    assert_array_equal(done.matrix.T @ done.y.ravel(), expected.ravel())
    assert_array_equal(done.correlated, expected)
    for step in done.steps:
        one = np.zeros_like(done.y)
        one[step.at] = 1
        assert_array_equal(step.placed, placed_and_added(one, np.ones((3, 2)), config.strides, padding) > 0)
