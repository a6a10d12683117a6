"""Interleaved timing: what disturbs the machine disturbs all contenders alike."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

_LEAST = 3  # runs of each, besides the one to warm up
_SLOW = 3.0  # seconds: what takes longer is not run again


def interleaved(runs: dict[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Seconds of each call, in rounds over all `runs`, until each has had its `seconds`."""
    first = {name: _time(run) for name, run in runs.items()}
    times = {name: [time] if time > _SLOW else [] for name, time in first.items()}
    waiting = [name for name, known in times.items() if not known]
    while waiting:
        for name in waiting:
            times[name].append(_time(runs[name]))
        waiting = [name for name in waiting if len(times[name]) < _LEAST or sum(times[name]) < seconds]
    return times


def _time(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Median and quartiles in milliseconds, and the number of runs."""
    low, median, high = np.percentile(np.array(times) * 1e3, [25, 50, 75])
    return {"ms": float(median), "low": float(low), "high": float(high), "runs": len(times)}
