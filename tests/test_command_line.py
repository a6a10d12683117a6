"""Messages at the end of a process about reads and writes that nobody waits for any more."""

import asyncio
import gc
import sys
import warnings
from pathlib import Path

import pytest

from experiments.command_line import exit_with, guarded, without_abandoned_reads
from experiments.errors import UserError
from experiments.fcn.__main__ import main as fcn


async def read(error):
    try:
        await Forever()
    except BaseException as ended:
        raise RuntimeError("while reading") from (ended if error is None else error)


class Forever:
    def __await__(self):
        yield


@pytest.mark.parametrize(("cause", "shown"), [(None, 0), (ValueError("damaged"), 1)])
def test_only_abandoned_reads_are_left_out(monkeypatch, cause, shown):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", without_abandoned_reads(seen.append))
    begun = read(cause)
    begun.send(None)
    del begun  # which ends it with GeneratorExit
    gc.collect()
    assert len(seen) == shown


def async_serialize_from_host():
    """Name the writer of a part of an array as JAX does."""

    async def write_fragment():
        raise NotImplementedError

    return write_fragment()


@pytest.mark.parametrize(("make", "count"), [(async_serialize_from_host, 0), (lambda: read(None), 1)])
def test_only_writes_that_were_not_begun_are_passed_over(monkeypatch, make, count):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # to be put back
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(SystemExit):
            exit_with(lambda: 0)
        make()
        gc.collect()
    assert len(seen) == count


def test_of_many_writes_that_fail_one_is_said(capfd, caplog):
    async def fail():
        raise OSError("disk full")

    async def gather():
        begun = [asyncio.ensure_future(fail()) for _ in range(3)]
        await asyncio.sleep(0)
        return await begun[0]

    def act():
        try:
            asyncio.run(gather())
        except OSError as error:
            raise UserError(Path("runs"), "cannot be written to", "free some space") from error

    assert guarded(act) == 2
    gc.collect()
    assert capfd.readouterr().err == "runs cannot be written to: free some space.\n"
    assert not caplog.records


@pytest.mark.parametrize(
    ("arguments", "ours"),
    [(["--lr", "3"], "--learning-rate"), (["--bs=4"], "--batch-size"), (["--dataset", "x"], "--data")],
)
def test_another_tools_word_for_an_option_is_answered_with_ours(capsys, arguments, ours):
    assert fcn(["train", "--out", "out", *arguments]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert f"there is no option {arguments[0].partition('=')[0]}: did you mean {ours}?" in error
