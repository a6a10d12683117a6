"""The run with one thing changed in its process: `python -m tests.checks.faults.patched PATCH --out …`."""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from experiments.command_line import exit_with
from experiments.fcn.task import EVERY
from experiments.fcn8.__main__ import main
from experiments.fcn8.data import DigitScenes

AT = 11  # the step whose batch fails
DAY = 86_400.0


def clock(offset: float) -> None:
    """Wall clocks jump by `offset` seconds every other second."""
    began, real, real_ns = time.monotonic(), time.time, time.time_ns

    def jumped() -> float:
        return offset if int(time.monotonic() - began) % 2 else 0.0

    time.time = lambda: real() + jumped()
    time.time_ns = lambda: real_ns() + int(jumped() * 1e9)


def failing_batch(error: Callable[[], BaseException]) -> None:
    """The thread that makes a batch ends by `error`."""
    batch = DigitScenes.batch

    def failing(self: Any, step: int, rows: slice = EVERY) -> Any:
        if step == AT:
            raise error()
        return batch(self, step, rows)

    DigitScenes.batch = failing


def quick_to_notice() -> None:
    """A process that says nothing for 20 s, rather than 100, is taken to be gone."""
    initialize = jax.distributed.initialize
    jax.distributed.initialize = partial(initialize, heartbeat_timeout_seconds=20)


PATCHES: dict[str, Callable[[], None]] = {
    "clock-back": lambda: clock(-400 * DAY),
    "clock-ahead": lambda: clock(4000 * DAY),
    "loader-error": lambda: failing_batch(lambda: OSError(5, "Input/output error")),
    "loader-thread-ends": lambda: failing_batch(SystemExit),
    "quick-to-notice": quick_to_notice,
    "loader-memory": lambda: failing_batch(MemoryError),
}

if __name__ == "__main__":
    PATCHES[sys.argv.pop(1)]()
    exit_with(main)
