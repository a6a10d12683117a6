"""The results that a run leaves; two runs are compared to the bit."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from experiments.fcn.saved_model import sha256
from tests.checks.faults.command import Ended

CLOCKS = ("seconds", "waiting", "training_seconds")  # measured, not computed


class Results(NamedTuple):
    """All that must not depend on what happened on the way."""

    parameters: str  # SHA-256 of model.safetensors
    checkpoint: str  # the last one's own digest, over names and contents of all arrays
    scores: dict[str, Any]
    log: list[dict[str, Any]]


def results(folder: Path) -> Results:
    last = newest(folder)
    assert last, f"no checkpoint in {folder}"
    state = json.loads((folder / "checkpoints" / str(last) / "digest" / "metadata").read_text())
    return Results(sha256(folder / "model.safetensors"), state["fingerprint"], scores(folder), log(folder))


def log(folder: Path) -> list[dict[str, Any]]:
    return [computed(json.loads(line)) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def scores(folder: Path) -> dict[str, Any]:
    return computed(json.loads((folder / "scores.json").read_text()))


def computed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in CLOCKS}


def steps_in(folder: Path) -> list[int]:
    """Steps of the whole checkpoints, in order."""
    names = [path.name for path in (folder / "checkpoints").glob("*")]
    return sorted(int(name) for name in names if name.isdecimal())


def newest(folder: Path) -> int:
    """The last whole checkpoint's step; 0 if there is none."""
    return max(steps_in(folder), default=0)


def half_written(folder: Path) -> list[Path]:
    """Files of a checkpoint that is being written, or was when the process ended."""
    return [path for name in ("checkpoints", "best") for path in (folder / name).glob("*.orbax-checkpoint-tmp*")]


def check_same(folder: Path, reference: Results) -> None:
    """Raise AssertionError naming what differs."""
    for name, got, expected in zip(Results._fields, results(folder), reference, strict=True):
        assert got == expected, f"{name} differ: {got}, not {expected}"


def check_finished(end: Ended, folder: Path, reference: Results) -> None:
    assert end.status == 0, f"exit status {end.status}: {end.said[-600:]}"
    check_same(folder, reference)
    assert not half_written(folder), f"{half_written(folder)} is left"


def check_one_line(end: Ended, *words: str) -> None:
    """A setting or file at fault: status 2, no traceback, and a last line with all `words`."""
    assert end.status == 2, f"exit status {end.status}, not 2: {end.said[-600:]}"
    assert "Traceback" not in end.said, end.said[-600:]
    for word in words:
        assert word in end.last_line, f"{word!r} is not in {end.last_line!r}"
