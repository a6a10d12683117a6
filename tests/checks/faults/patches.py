"""Clocks that jump, and threads of the loader that fail: within the process of the run."""

from tests.checks.faults.bench import Bench
from tests.checks.faults.results import check_finished, check_one_line, newest


def clock_jumps(bench: Bench) -> str:
    """A year back or ten ahead, every other second: the results are the same, at once or by the same command again."""
    given_up = 0
    for patch in ("clock-back", "clock-ahead"):
        folder = bench.folder(patch)
        end = bench.commands.finished(bench.commands.words(folder, "tests.checks.faults.patched", patch))
        if end.status == 2:
            check_one_line(end, str(folder), "a clock that was set forward")
            given_up += 1
            end = bench.commands.run(folder)
        check_finished(end, folder, bench.reference)
    return f"back and ahead; {given_up} of 2 runs gave up writing a checkpoint, and went on from the one before"


def loader_fails(bench: Bench) -> str:
    """The run ends, with the checkpoints that it has, and goes on from there."""
    steps = []
    for patch in ("loader-error", "loader-memory", "loader-thread-ends"):
        folder = bench.folder(patch)
        end = bench.commands.finished(bench.commands.words(folder, "tests.checks.faults.patched", patch))
        assert end.status != 0, f"{patch}: exit status 0"
        steps.append(newest(folder))
        assert steps[-1] > 0, f"{patch}: no checkpoint is left; {end.said[-600:]}"
        check_finished(bench.commands.run(folder), folder, bench.reference)
    return f"an error, no memory, a thread that ends; gone on from steps {', '.join(map(str, steps))}"
