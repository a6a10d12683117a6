"""An interrupted run ends with the same parameters and an unbroken log."""

import shutil

import pytest
from fcn_helpers import TINY
from numpy.testing import assert_array_equal

from experiments.fcn.checkpoint import by_name
from experiments.fcn.log import Log, read_log
from experiments.fcn.train import train
from experiments.fcn8.__main__ import main
from experiments.fcn8.data import DigitScenes, DigitTask
from tests.fcn8.runs import ARGUMENTS, lines

pytestmark = pytest.mark.usefixtures("single_precision")


def train_tiny(folder):
    return train(TINY, DigitTask(TINY), folder)


def interrupt_at(last):
    batch = DigitScenes.batch

    def interrupted(self, step, rows):
        if step == last:
            raise KeyboardInterrupt
        return batch(self, step, rows)

    return interrupted


@pytest.mark.parametrize("last", [1, 4, 6])
def test_an_interrupted_run_ends_with_the_same_parameters(finished, tmp_path, last, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(DigitScenes, "batch", interrupt_at(last))
        assert main([*ARGUMENTS, "--out", str(tmp_path)]) == 130
        assert "goes on from the last checkpoint" in capsys.readouterr().err
    expected = train_tiny(finished)  # has nothing left to do
    resumed = train_tiny(tmp_path)
    for (name, one), other in zip(by_name(resumed.state).items(), by_name(expected.state).values(), strict=True):
        assert_array_equal(one, other, err_msg=name)
    assert [drop_time(line) for line in lines(tmp_path)] == [drop_time(line) for line in lines(finished)]


def drop_time(line):
    return {key: value for key, value in line.items() if key not in ("seconds", "waiting")}


def test_a_checkpoint_that_was_half_written_is_passed_over(run):
    newest = run / "checkpoints" / "6"
    newest.rename(newest.with_name("6.orbax-checkpoint-tmp-1"))
    assert train_tiny(run).log[-1]["step"] == 6


def test_seconds_go_on_after_an_interruption(run):
    shutil.rmtree(run / "checkpoints" / "6")
    noted = [{"step": 4, "loss": 1.0, "learning_rate": 0.1, "seconds": 1000.0}]
    Log(run / "metrics.jsonl", noted)
    assert train_tiny(run).log[-2]["seconds"] > 1000


def test_log_lines_after_the_checkpoint_or_half_written_are_dropped(tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text('{"step": 1, "loss": 2.0}\n{"step": 5, "loss": 1.0}\n[3]\n{"step": 2, "lo')
    assert read_log(file, 4) == [{"step": 1, "loss": 2.0}]


LINES_AT_FAULT = [
    *[b'{"step": "a"}', b'{"step": 1.5}', b'{"step": true}', b'{"loss": 1.0}', b"null"],
    *[b'{"step": 2, "seconds": "x"}', b'{"step": 2, "seconds": Infinity}', b'{"step": 2, "loss": null}'],
    *[b"\xff\xfe{}", b"[" * 100_000, b"{"],
]


@pytest.mark.parametrize("line", LINES_AT_FAULT, ids=range(len(LINES_AT_FAULT)))
def test_a_damaged_log_line_is_dropped(tmp_path, line):
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b'{"step": 1, "loss": 2.0}\n' + line + b'\n{"step": 3, "seconds": 4.5}\n')
    assert read_log(file, 4) == [{"step": 1, "loss": 2.0}, {"step": 3, "seconds": 4.5}]
