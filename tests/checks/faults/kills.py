"""Killed (SIGKILL) at random moments, then the same command, until it is finished; and again."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.checks.faults.bench import Bench
from tests.checks.faults.command import ended
from tests.checks.faults.results import check_finished, half_written, newest

POLL = 0.004  # seconds


def killed_at_random(bench: Bench) -> str:
    """Kill as many times as asked for, over as many runs as that takes."""
    rng, moments, runs = random.Random(bench.seed), Counter[str](), 0
    while moments.total() < bench.kills:
        runs += 1
        train_killed(bench, bench.folder(f"killed-{runs}"), rng, moments)
        print(f"  {moments.total()} kills, {runs} runs finished", flush=True)
    words = ", ".join(f"{n} {moment}" for moment, n in moments.most_common())
    return f"{moments.total()} kills ({words}) over {runs} runs, all to the same bits, no checkpoint lost"


def train_killed(bench: Bench, folder: Path, rng: random.Random, moments: Counter[str]) -> None:
    """One run to its end, however often its process is killed on the way."""
    before = 0
    while True:
        process = bench.commands.start(folder)
        if moments.total() < bench.kills and kill(process, folder, rng):
            moments["while a checkpoint was written" if half_written(folder) else "at another moment"] += 1
            after = newest(folder)
            assert after >= before, f"checkpoint {before} was there, now the last is {after}"
            before = after
        else:
            check_finished(ended(process), folder, bench.reference)
            return


def kill(process: subprocess.Popen[str], folder: Path, rng: random.Random) -> bool:
    """Kill it at a random moment; False if it ended before that came."""
    moment = rng.choice(MOMENTS)
    came = moment(process, folder, rng)
    if came:
        process.kill()
    if process.poll() == 0:
        return False
    _, said = process.communicate() if came else (None, "")
    assert came or process.returncode == 0, f"ended by itself: {said}"
    return came and process.returncode == -9


def anywhere(process: subprocess.Popen[str], folder: Path, rng: random.Random) -> bool:
    """From the first import to the last picture of the report."""
    return wait_until(lambda: False, process, rng.uniform(0, 20)) is None


def training(process: subprocess.Popen[str], folder: Path, rng: random.Random) -> bool:
    """Some time after the first checkpoint that this process writes."""
    first = newest(folder)
    if not wait_until(lambda: newest(folder) > first, process):
        return False
    return wait_until(lambda: False, process, rng.uniform(0, 3)) is None


def writing(process: subprocess.Popen[str], folder: Path, rng: random.Random) -> bool:
    """While a checkpoint that it has begun is not whole yet."""
    for _ in range(rng.randint(1, 6)):
        if not wait_until(lambda: half_written(folder), process):
            return False
        time.sleep(rng.uniform(0, 0.02))
    return process.poll() is None


def wait_until(holds: Callable[[], object], process: subprocess.Popen[str], seconds: float = 300) -> bool | None:
    """True as soon as it holds, False if the process ended before, None if neither happened in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        if holds():
            return True
        time.sleep(POLL)
    return None


MOMENTS = (anywhere, training, training, writing)
