"""Messages of a run while it trains: waiting for data, progress, TensorBoard, scores."""

import struct
import sys
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fcn_helpers import TINY
from numpy.testing import assert_allclose

from experiments.fcn import log as log_module
from experiments.fcn import run
from experiments.fcn.feed import Feed, Spent
from experiments.fcn.log import Log
from experiments.fcn.task import Batch, Classes
from experiments.progress import Progress
from tests.fcn.digit_runs import train_digits

pytestmark = pytest.mark.usefixtures("single_precision")


class Result:
    def __init__(self, ready):
        self.ready = ready

    def is_ready(self):
        return self.ready


@pytest.mark.parametrize("ready", [False, True])
def test_waiting_is_fetching_while_nothing_runs(ready):
    def slow():
        for i in range(3):
            time.sleep(0.02)
            yield Batch(np.full((1, 1, 1, 1), i), np.zeros((1, 1, 1), np.int32))

    feed = Feed(slow())
    for i in range(3):
        assert feed.take().images == i
        feed.prepare(Result(ready))
    assert feed.waited >= 0.04 if ready else feed.waited == 0


def test_shares_and_speeds_of_a_lap():
    lap = Spent(30, 5.0, 0.5).since(Spent(10, 1.0, 0.3))
    assert_allclose(lap.waiting, 0.05)
    assert lap.speed == 5
    assert (Spent().waiting, Spent().speed) == (0, None)


def test_progress_has_pictures_per_second_and_the_time_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("fcn8", steps=100, first=0) as progress:
        progress.note(50, 0.5, 1e-3, 123.4)
        progress.bar.refresh()
    text = capsys.readouterr().err
    assert "loss 0.5000, rate 1.0e-03, 123 pictures/s" in text
    assert "<" in text  # elapsed<left


def test_tensorboard_has_the_numbers_of_the_log(tmp_path):
    proto = import_module("tensorboardX.proto.event_pb2")
    log = train_digits(TINY, tmp_path, tensorboard=True).log
    (file,) = (tmp_path / "tensorboard").iterdir()
    data, seen = file.read_bytes(), set()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = proto.Event.FromString(data[12 : 12 + length])
        seen |= {(event.step, value.tag, value.simple_value) for value in event.summary.value}
        data = data[16 + length :]
    expected = {(line["step"], k, np.float32(v)) for line in log for k, v in line.items() if k != "step"}
    assert seen == expected


def test_tensorboard_without_its_package_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"`tensorboard` needs .*pip install 'jtconv\[tensorboard\]'"):
        train_digits(TINY, tmp_path / "out", tensorboard=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("background", "said"), [(0, "held-out thing IoU 0.417, mean IoU 0.611"), (None, "held-out mean IoU 0.611")]
)
def test_a_score_is_not_said_twice(tmp_path, monkeypatch, background, said):
    """Without a background the mean of the foreground is the mean of all."""
    classes = Classes(("a", "b", "c"), ("#000000",) * 3, background, "thing")
    monkeypatch.setattr("experiments.fcn.run.evaluate", lambda *_: np.array([[4, 0, 0], [0, 1, 1], [0, 1, 2]]))
    heard = []
    nothing: Any = SimpleNamespace(save=lambda *_: None, say=heard.append)
    task: Any = SimpleNamespace(classes=classes)
    state: Any = SimpleNamespace(scored=lambda: None)
    run.Run(TINY, nothing, task, Log(tmp_path / "metrics.jsonl", []), nothing, nothing, nothing).score(3, state)
    assert heard == [f"step 3/{TINY.steps}: {said}"]
