"""Agreement among the processes of a run. A process that is alone is the first of one."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np
from jax.experimental import multihost_utils
from numpy.typing import NDArray


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return jax.process_index() == 0


def mine() -> slice:
    """This process's share of a sequence: every entry is one process's."""
    return slice(jax.process_index(), None, jax.process_count())


def gathered(array: NDArray) -> list[NDArray]:
    """The array of each process; they have one shape and one dtype."""
    if jax.process_count() == 1:
        return [array]
    # As bytes, since JAX would make 32 bits of 64.
    everyone = multihost_utils.process_allgather(np.frombuffer(array.tobytes(), np.uint8))
    return [np.frombuffer(one.tobytes(), array.dtype).reshape(array.shape) for one in np.asarray(everyone)]


def total(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum over the processes."""
    return np.sum(gathered(counts), axis=0)


def interleaved(values: list[float], length: int) -> list[float]:
    """The values of a sequence of `length`, of which this process has those of `mine()`."""
    n = jax.process_count()
    padded = np.full(-(-length // n), np.nan)
    padded[: len(values)] = values
    return np.stack(gathered(padded), axis=1).ravel()[:length].tolist()


@contextmanager
def together() -> Iterator[None]:
    """Within the block each process checks what it sees, and where one fails no other goes on.

    Else the others would wait for it. Nothing in the block may depend on another process.
    """
    failure = None
    try:
        yield
    except Exception as error:
        failure = error
    failed = np.flatnonzero(gathered(np.array(failure is not None)))
    if failure is not None:
        raise failure
    if failed.size:
        raise ValueError(f"Process {failed[0]} cannot go on, and says why.")


def agree(value: int) -> bool:
    """Whether all processes have the same."""
    return len({int(one) for one in gathered(np.array(value))}) == 1


def wait_for_all(where: str) -> None:
    """Return when every process has come to `where`."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(where)
