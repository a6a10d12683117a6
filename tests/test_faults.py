"""A small fixed sample of `python -m tests.checks.faults`: one kill while a checkpoint is written."""

import random
from collections import Counter

import pytest

from tests.checks.faults import kills
from tests.checks.faults.bench import Bench
from tests.checks.faults.results import check_same

SETTINGS = (
    "--steps 8 --checkpoints 8 --evaluations 1 --test-scenes 2 --batch-size 2 --width 1 --depths 1 1 1 1 1 "
    "--head-ch 2 --decoder-ch 2"
)


@pytest.fixture(scope="module")
def bench():
    made = Bench(kills=1, settings=SETTINGS)
    yield made
    made.close()


def test_a_killed_run_goes_on_to_the_same_bits(bench, monkeypatch):
    monkeypatch.setattr(kills, "MOMENTS", (kills.writing,))
    moments = Counter()
    kills.train_killed(bench, bench.folder("killed"), random.Random(0), moments)
    assert moments.total() == 1


def test_other_results_are_seen(bench):
    folder = bench.copy("other")
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(AssertionError, match="parameters differ"):
        check_same(folder, bench.reference)
