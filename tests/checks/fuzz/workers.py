"""Cases shared out to processes; one that dies or hangs is a case's outcome, and another goes on after it."""

import json
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.checks.fuzz.outcome import ROOT, Outcome, as_json

PATIENCE = 300  # seconds without an answer, on a busy machine too; the first has imports before it
CASES_OF_A_PROCESS = 4000  # then a fresh one: compiled programs are never given back


class Share(NamedTuple):
    """Every `step`th case from `first`."""

    kind: str
    seed: int
    first: int
    last: int
    step: int


def run_shares(kind: str, seed: int, cases: int, jobs: int) -> Iterator[dict[str, Any]]:
    """The outcome of every case, in whatever order they end."""
    with selectors.DefaultSelector() as selector:
        for share in (Share(kind, seed, first, cases, jobs) for first in range(min(jobs, cases))):
            register(selector, share)
        while selector.get_map():
            for key, _ in selector.select(timeout=5) or ():
                yield from answer(selector, key)
            for key in [k for k in selector.get_map().values() if k.data.is_silent()]:
                key.data.end_silence()


def register(selector: selectors.BaseSelector, share: Share) -> None:
    if share.first < share.last:
        worker = Worker(share)
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # pyright: ignore[reportArgumentType] (a pipe was asked for)


def answer(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> Iterator[dict[str, Any]]:
    """Yield the next result of a worker, or why it ended."""
    worker: Worker = key.data
    line = worker.read()
    if line:
        yield line
        return
    selector.unregister(key.fileobj)
    if worker.next < worker.end:
        yield worker.death()
        worker.next += worker.share.step
    register(selector, worker.share._replace(first=worker.next))


class Worker:
    """A process at work, and the case that it is at."""

    def __init__(self, share: Share):
        self.share, self.next = share, share.first
        self.end = min(share.last, share.first + share.step * CASES_OF_A_PROCESS)
        numbers = [str(x) for x in (share.seed, share.first, self.end, share.step)]
        command = [sys.executable, "-m", "tests.checks.fuzz.work", share.kind, *numbers]
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self.log)
        self.heard, self.was_silent = time.monotonic(), False

    def read(self) -> dict[str, Any] | None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.heard = time.monotonic()
        if not line.endswith(b"\n"):
            return None
        self.next += self.share.step
        return json.loads(line)

    def is_silent(self) -> bool:
        return time.monotonic() - self.heard > PATIENCE

    def end_silence(self) -> None:
        self.was_silent = True
        self.process.kill()

    def death(self) -> dict[str, Any]:
        """The case that it was at ended it."""
        status = self.process.wait()
        self.log.seek(0)
        last = self.log.read()[-400:].decode(errors="replace")
        kind = "hang" if self.was_silent else "crash"
        return as_json(self.next, Outcome(kind, f"exit status {status}: {last}"), "see --only")
