"""One process of two is killed: the other ends too, and the same commands go on, to the same bits."""

import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.scaling import free_port
from tests.checks.faults.bench import Bench
from tests.checks.faults.command import Ended, ended
from tests.checks.faults.kills import kill
from tests.checks.faults.results import Results, check_finished, newest, results

KILLS = 10  # of the kills asked for, one in so many


def one_of_two(bench: Bench) -> str:
    """Kill the first or the second process at random moments."""
    rng, victims, kills, runs = random.Random(bench.seed), Counter[int](), -(-bench.kills // KILLS), 0
    reference = train_both(bench)
    while victims.total() < kills:
        runs += 1
        train_killed(bench, bench.folder(f"two-{runs}"), kills, rng, victims, reference)
        print(f"  {victims.total()} kills, {runs} runs finished", flush=True)
    words = f"process 0 {victims[0]} times, process 1 {victims[1]} times"
    return f"{kills} kills ({words}) over {runs} runs, all to the same bits, no checkpoint lost"


def train_both(bench: Bench) -> Results:
    folder = bench.kept / "reference-two"
    if not (folder / "scores.json").exists():
        for end in both_ended(start(bench, folder)):
            assert end.status == 0, end.said
    return results(folder)


def train_killed(
    bench: Bench, folder: Path, kills: int, rng: random.Random, victims: Counter[int], reference: Results
) -> None:
    """One run to its end, however often one of its processes is killed on the way."""
    before = 0
    while True:
        pair, victim = start(bench, folder), rng.randrange(2)
        killed = victims.total() < kills and kill(pair[victim], folder, rng)
        began = time.monotonic()
        first, second = both_ended(pair)  # by itself, or this is an AssertionError
        if not killed:
            for i, end in enumerate((first, second)):
                assert end.status == 0, (
                    f"process {i}, exit status {end.status}: {first.said[-600:]} {second.said[-600:]}"
                )
            check_finished(first, folder, reference)
            return
        victims[victim] += 1
        seconds = time.monotonic() - began
        print(f"  process {victim} killed after step {newest(folder)}; the other ended in {seconds:.0f} s", flush=True)
        after = newest(folder)
        assert after >= before, f"checkpoint {before} was there, now the last is {after}"
        before = after


def start(bench: Bench, folder: Path) -> list[subprocess.Popen[str]]:
    joined = ["--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2", "--process"]
    begun = ("tests.checks.faults.patched", "quick-to-notice", *joined)
    return [bench.commands.started(bench.commands.words(folder, *begun, str(i))) for i in range(2)]


def both_ended(pair: list[subprocess.Popen[str]]) -> list[Ended]:
    with ThreadPoolExecutor(2) as threads:  # both are read at once: a full pipe would stop a process
        return list(threads.map(ended, pair))
