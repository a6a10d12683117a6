"""Work on every file of a data set, in threads: Pillow decodes without holding up the others."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
        tasks = (pool.submit(work, item) for item in items)
        waiting = deque(islice(tasks, AHEAD * threads))
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(islice(tasks, 1))
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)


def count_values(values: NDArray[np.integer]) -> dict[int, int]:
    """Pixels by value."""
    if values.dtype == np.uint8:
        count = np.bincount(values.ravel(), minlength=256)
        return {int(value): int(count[value]) for value in np.flatnonzero(count)}
    return {int(value): int(count) for value, count in zip(*np.unique(values, return_counts=True), strict=True)}
