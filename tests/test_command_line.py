"""What a process says at its end of reads that nobody waits for any more."""

import gc
import sys

import pytest

from experiments.command_line import without_abandoned_reads


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
