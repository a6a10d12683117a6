"""`python -m tests.checks.fuzz`."""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.checks.fuzz.outcome import FINE
from tests.checks.fuzz.work import run_case
from tests.checks.fuzz.workers import run_shares

CASES = {"arguments": 50_000, "files": 10_000}
SHOWN = 200  # failures; the number of all is in the table
EVERY = 20  # seconds between two lines of progress


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.checks.fuzz", description="Try random and hostile arguments and files."
    )
    parser.add_argument("kind", choices=CASES)
    parser.add_argument("--cases", type=int, help=", ".join(f"{kind}: {n:,}" for kind, n in CASES.items()))
    parser.add_argument("--seed", type=int, default=0, help="of all cases; default: 0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes; default: the cores")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this case alone, in this process")
    given = parser.parse_args(words)
    if given.only is not None:
        outcome, code = run_case(given.kind, given.seed, given.only)
        print(f"{code}\n{outcome.kind}: {outcome.words}")
        return int(not outcome.ok)
    return run(given.kind, given.seed, given.cases or CASES[given.kind], given.jobs)


def run(kind: str, seed: int, cases: int, jobs: int) -> int:
    """All of them, with progress, failures as they come, and the table."""
    began, counts = time.perf_counter(), Counter[str]()
    for outcome in until_interrupted(with_progress(run_shares(kind, seed, cases, jobs), cases)):
        counts[outcome["kind"]] += 1
        if is_failure(outcome) and sum(counts[k] for k in counts if k not in FINE) <= SHOWN:
            print(f"case {outcome['number']}: {outcome['kind']}, {outcome['words']}\n    {outcome['code'][:400]}")
    failures = sum(n for k, n in counts.items() if k not in FINE)
    print(f"\n{kind}, seed {seed}: {sum(counts.values()):,} cases in {time.perf_counter() - began:,.0f} s")
    print("\n".join(f"{n:>9,}  {k}" for k, n in counts.most_common()))
    print(f"=> {'every outcome is documented' if not failures else f'{failures:,} undocumented outcomes'}")
    return int(failures > 0)


def is_failure(outcome: dict[str, Any]) -> bool:
    return outcome["kind"] not in FINE


def until_interrupted(outcomes: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Ctrl-C ends the cases, not the report."""
    try:
        yield from outcomes
    except KeyboardInterrupt:
        print("interrupted")


def with_progress(outcomes: Iterator[dict[str, Any]], cases: int) -> Iterator[dict[str, Any]]:
    """The same, with a line now and then."""
    said = time.monotonic()
    for done, outcome in enumerate(outcomes, 1):
        yield outcome
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            print(f"{done:,} of {cases:,}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
