"""Interleaved timing: what disturbs the machine disturbs all contenders alike."""

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from jtconv.bench._programs import reason

_TURNS = (3, 15)  # of each contender, at least and at most; so that the quick do not end up alone
_BURST = (2, 0.02)  # runs and seconds timed in a turn, at least
_PAUSE = 0.02  # seconds before a turn: idle threads of OpenMP spin for some milliseconds after a call
_SLOW = 1.0  # seconds: what takes longer is run once more only
_VERY_SLOW = 10.0  # seconds: what takes longer is not run again


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

    `known`: about how long each took when it was run before; else all are run once to find out.
    A turn begins with a pause, in which the threads of the contender before stop spinning, and with
    a run that is not timed, as what it needs is not in the cache. The order of each turn is drawn
    anew, so that none always comes after the same other.
    """
    first = known or {name: _time(run) for name, run in runs.items()}
    times = {name: _few(runs[name], once) for name, once in first.items()}
    turn = 0
    waiting = [name for name, known in times.items() if not known]
    while waiting:
        for name in random.Random(turn).sample(waiting, len(waiting)):
            time.sleep(_PAUSE)
            runs[name]()
            times[name] += _burst(runs[name])
        turn += 1
        waiting = [name for name in waiting if turn < _TURNS[0] or (turn < _TURNS[1] and sum(times[name]) < seconds)]
    return times


def _burst(run: Callable[[], Any]) -> list[float]:
    """Times of runs one after another, as in a loop that trains."""
    times: list[float] = []
    while len(times) < _BURST[0] or sum(times) < _BURST[1]:
        times.append(_time(run))
    return times


def _few(run: Callable[[], Any], once: float) -> list[float]:
    """All times of a slow run, which took `once` before; none of a quick one."""
    if once > _VERY_SLOW:
        return [once]
    return [_time(run)] if once > _SLOW else []


def _time(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Median and quartiles in milliseconds, and the number of runs."""
    low, median, high = np.percentile(np.array(times) * 1e3, [25, 50, 75])
    return {"ms": float(median), "low": float(low), "high": float(high), "runs": len(times)}
