"""Prefetch: the next batch goes to the device while a step runs; the time that the device still waits is measured."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import grain
import jax

from experiments.fcn.task import Batch

# Batches are made by threads while the device computes, so that it need not wait. More are held than
# are being made, since the time that they take varies.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
THREADS = max(1, min(8, CORES - 1))
READING = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=THREADS + 4)


class Feed:
    """Batches on the device, one ahead. `waited`: seconds, at most, in which no step ran for want of one."""

    def __init__(self, batches: Iterator[Batch], put: Callable[[Batch], Batch] = jax.device_put):
        self.batches, self.put = batches, put
        self.waited = 0.0
        self.ahead = self.fetch()

    def fetch(self) -> Batch | None:
        try:
            batch = next(self.batches, None)
        except SystemExit as error:  # what ended a thread of Grain; it would end the run as if all were well
            raise RuntimeError("a thread that makes batches has ended") from error
        return None if batch is None else self.put(batch)

    def take(self) -> Batch:
        """The batch that was fetched last."""
        batch, self.ahead = self.ahead, None
        assert batch is not None, "the task has fewer batches than the run has steps"
        return batch

    def prepare(self, running: Any) -> None:
        """Fetch the next batch while `running`, a `jax.Array`, is computed."""
        began = time.perf_counter()
        self.ahead = self.fetch()
        # Still running: the device had something to do all the while. If not, it may have become
        # ready at any time since; that it was at once is the worst.
        if running.is_ready():
            self.waited += time.perf_counter() - began


class Spent(NamedTuple):
    """Steps, and the seconds that they took; in how many of these the device waited for data, at most."""

    steps: int = 0
    seconds: float = 0.0
    waited: float = 0.0

    def since(self, earlier: Self) -> Self:
        steps, seconds = self.steps - earlier.steps, self.seconds - earlier.seconds
        return type(self)(steps, seconds, self.waited - earlier.waited)

    @property
    def waiting(self) -> float:
        """The share of the time."""
        return self.waited / self.seconds if self.seconds else 0.0

    @property
    def speed(self) -> float | None:
        """Steps per second; None if there was none."""
        return self.steps / self.seconds if self.seconds else None
