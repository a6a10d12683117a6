"""SIGTERM, with which clusters announce that they take a machine back: the run is to end in good order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jax
from jax.experimental import multihost_utils

Ends = Callable[[int], bool]


def never(step: int) -> bool:
    del step
    return False


@contextmanager
def listening() -> Iterator[Ends]:
    """Within the block SIGTERM does not end the process; what is given is asked after each step if that is the last.

    Several processes agree on the step, wherever the signal came first.
    """
    if jax.distributed.is_initialized():  # which has listened ever since
        yield multihost_utils.reached_preemption_sync_point
    elif threading.current_thread() is not threading.main_thread():
        yield never  # only the main thread may listen
    else:
        came = threading.Event()
        before = signal.signal(signal.SIGTERM, lambda *_: came.set())
        try:
            yield lambda step: came.is_set()
        finally:
            signal.signal(signal.SIGTERM, before)
