"""SIGTERM, as batch systems send it before they kill: a checkpoint is saved, and the exit status is 0."""

import random
import signal
from itertools import count

from tests.checks.faults.bench import Bench
from tests.checks.faults.command import ended
from tests.checks.faults.kills import training
from tests.checks.faults.results import check_finished, half_written, newest


def terminated(bench: Bench) -> str:
    """Send SIGTERM at random moments of training; then run the same command until it is finished."""
    rng, folder, steps = random.Random(bench.seed), bench.folder("terminated"), []
    for _ in count():
        process, first = bench.commands.start(folder), newest(folder)
        if not training(process, folder, rng):
            check_finished(ended(process), folder, bench.reference)
            return f"saved at steps {', '.join(map(str, steps))}"
        process.send_signal(signal.SIGTERM)
        end = ended(process)
        assert end.status == 0, f"exit status {end.status}: {end.said[-600:]}"
        assert newest(folder) > first, "nothing was saved"
        assert not half_written(folder)
        steps.append(newest(folder))
    raise AssertionError
