"""Interleaved timing: what disturbs the machine disturbs all contenders alike."""

import time
from collections.abc import Callable

import numpy as np


def interleaved(runs: dict[str, Callable[[], object]], seconds: float, least: int = 3) -> dict[str, list[float]]:
    """Seconds of each call, in rounds over all `runs`; each is run `least` times, then until its time is up."""
    for run in runs.values():  # once, to warm up
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    waiting = set(runs)
    while waiting:
        for name in [name for name in runs if name in waiting]:
            start = time.perf_counter()
            runs[name]()
            times[name].append(time.perf_counter() - start)
            if len(times[name]) >= least and sum(times[name]) >= seconds:
                waiting.discard(name)
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Median and quartiles, in milliseconds, and the number of runs."""
    low, median, high = np.percentile(np.array(times) * 1e3, [25, 50, 75])
    return {"ms": float(median), "low": float(low), "high": float(high), "runs": len(times)}
