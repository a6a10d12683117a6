"""Run one process's share of the cases: `python -m tests.checks.fuzz.work KIND SEED NUMBER...`.

It prints a line of JSON after each.
"""

import json
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from experiments.command_line import without_abandoned_reads
from tests.checks.fuzz.outcome import Outcome, TooLong, as_json, undocumented

SECONDS = 30  # of CPU time, for one case
MEMORY = 5 * 2**30  # more than what is there at the start


def run_case(kind: str, seed: int, number: int) -> tuple[Outcome, str]:
    """The outcome, and the case as code."""
    if kind == "arguments":
        from tests.checks.fuzz.arguments.draw import draw
        from tests.checks.fuzz.arguments.judge import judge
    else:
        from tests.checks.fuzz.files.draw import draw
        from tests.checks.fuzz.files.judge import judge
    case = draw(seed, number)
    try:
        return timed(lambda: judge(case)), case.code  # pyright: ignore[reportArgumentType] (one kind's case and judge)
    except TooLong:
        return Outcome("hang", f"no end after {SECONDS} s"), case.code
    except Exception as error:
        return undocumented(error, "the check itself failed"), case.code


def timed(act: Callable[[], Outcome]) -> Outcome:
    """Return what `act` returns, or raise TooLong after SECONDS. The other process notices where nothing happens."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return act()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def limit_memory() -> None:
    """An allocation of more than MEMORY fails, on Linux."""
    if sys.platform.startswith("linux"):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def main(words: list[str]) -> int:
    """Run cases FIRST, FIRST + STEP, … below LAST."""
    kind, seed, first, last, step = words[0], *map(int, words[1:])
    warnings.simplefilter("ignore")
    logging.disable()
    sys.unraisablehook = without_abandoned_reads(sys.unraisablehook)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")  # what is tested prints as it likes
    os.dup2(2, 1)
    run_case(kind, seed, first)  # with what it imports and starts
    limit_memory()
    for number in range(first, last, step):
        outcome, code = run_case(kind, seed, number)
        print(json.dumps(as_json(number, outcome, code)), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
