"""SIGTERM, with which clusters announce that they take a machine back: the run is to end in good order."""

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jax
from jax.experimental import multihost_utils

Ends = Callable[[], bool]

# Over all runs of a process. JAX's processes agree on a count of the times that they ask, which has to begin
# at 1 and leave none out: a run that goes on begins at a later step.
ASKED = itertools.count(1)


def never() -> bool:
    return False


def all_agree() -> bool:
    return multihost_utils.reached_preemption_sync_point(next(ASKED))


class Listener(threading.Event):
    """Is set by a signal."""

    def __call__(self, *_: object) -> None:
        self.set()


@contextmanager
def listening() -> Iterator[Ends]:
    """Within the block SIGTERM does not end the process; what is given is asked after each step if that is the last.

    Several processes agree on the step, wherever the signal came first; they all ask, equally often. A block within
    another hears what that has heard: training does, within a command that listens until its results are written.
    """
    if jax.distributed.is_initialized():  # which has listened ever since
        yield all_agree
    elif threading.current_thread() is not threading.main_thread():
        yield never  # only the main thread may listen
    elif isinstance(around := signal.getsignal(signal.SIGTERM), Listener):
        yield around.is_set
    else:
        listener = Listener()
        before = signal.signal(signal.SIGTERM, listener)
        try:
            yield listener.is_set
        finally:
            signal.signal(signal.SIGTERM, before)
