"""Work on every file of a data set, in threads: Pillow decodes without holding up the others."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 4  # tasks per thread that wait, so that results do not pile up


def in_threads(work: Callable[[T], R], items: Sequence[T], what: str) -> Iterator[R]:
    """`work` of each item, in order; a bar on a terminal says how far it is."""
    threads = os.cpu_count() or 1
    bar = tqdm(total=len(items), desc=what, unit="picture", disable=not sys.stderr.isatty())
    with bar, ThreadPoolExecutor(threads) as pool:
        waiting, rest = [], iter(items)
        try:
            while waiting or (waiting := submit(pool, work, islice(rest, 1))):
                waiting += submit(pool, work, islice(rest, AHEAD * threads - len(waiting)))
                yield waiting.pop(0).result()
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)


def submit(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> list:
    return [pool.submit(work, item) for item in items]


def count_values(values: NDArray[np.integer]) -> dict[int, int]:
    """Pixels by value."""
    if values.dtype == np.uint8:
        count = np.bincount(values.ravel(), minlength=256)
        return {int(value): int(count[value]) for value in np.flatnonzero(count)}
    return {int(value): int(count) for value, count in zip(*np.unique(values, return_counts=True), strict=True)}
