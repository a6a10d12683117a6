"""Interleaved timing, so that a disturbance of the machine falls on all contenders alike."""

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from jtconv.bench._programs import reason

MIN_TURNS, MAX_TURNS = 3, 15  # of each contender, so that the quick do not end up alone
MIN_BURST_RUNS, MIN_BURST_SECONDS = 2, 0.02  # timed in a turn
PAUSE_SECONDS = 0.02  # before a turn: idle threads of OpenMP spin for some milliseconds after a call
MAX_SECONDS_FOR_TURNS = 1.0  # a run that takes longer is timed once
MAX_SECONDS_FOR_A_SECOND_RUN = 10.0  # a run that takes longer is not run again


class Guarded:
    """A run that is not repeated once it has failed; `failure` says why."""

    def __init__(self, run: Callable[[], Any]):
        self.run = run
        self.failure: str | None = None

    def __call__(self) -> None:
        if self.failure is None:
            try:
                self.run()
            except Exception as error:  # of a peer, out of memory perhaps: the others go on
                self.failure = reason(error)


def interleaved(
    runs: dict[str, Callable[[], Any]], seconds: float, known: dict[str, float] | None = None
) -> dict[str, list[float]]:
    """Seconds of each call, in turns over all `runs`, until each has had its `seconds`.

    `known`: about how long each took when it was run before; without it all are run once first.
    A turn begins with a pause, in which the threads of the contender before stop spinning, and with
    a run that is not timed, which fills the cache. The order of each turn is drawn anew, so that none
    always comes after the same other.
    """
    first = known or {name: _time(run) for name, run in runs.items()}
    times = {name: _few(runs[name], once) for name, once in first.items()}
    turn = 0
    waiting = [name for name, known in times.items() if not known]
    while waiting:
        for name in random.Random(turn).sample(waiting, len(waiting)):
            time.sleep(PAUSE_SECONDS)
            runs[name]()
            times[name] += _burst(runs[name])
        turn += 1
        waiting = [name for name in waiting if turn < MIN_TURNS or (turn < MAX_TURNS and sum(times[name]) < seconds)]
    return times


def _burst(run: Callable[[], Any]) -> list[float]:
    """Seconds of runs one after another, as in a loop that trains."""
    times: list[float] = []
    while len(times) < MIN_BURST_RUNS or sum(times) < MIN_BURST_SECONDS:
        times.append(_time(run))
    return times


def _few(run: Callable[[], Any], once: float) -> list[float]:
    """All times of a slow run, which took `once` before; none of a quick one."""
    if once > MAX_SECONDS_FOR_A_SECOND_RUN:
        return [once]
    return [_time(run)] if once > MAX_SECONDS_FOR_TURNS else []


def _time(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Median and quartiles in milliseconds, and the number of runs."""
    low, median, high = np.percentile(np.array(times) * 1e3, [25, 50, 75])
    return {"ms": float(median), "low": float(low), "high": float(high), "runs": len(times)}
