"""The tiny run as a command, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = (
    "--steps 30 --checkpoints 15 --evaluations 3 --test-scenes 4 --batch-size 2 --decoder fcn32 --width 1 "
    "--depths 1 1 1 1 1 --head-ch 4 --decoder-ch 4 --average 0.9 --dropout 0.5"
)
MODULE = "experiments.fcn8"
PATIENCE = 900  # seconds, after which a process is taken to hang


class Ended(NamedTuple):
    """A process that is over."""

    status: int
    said: str  # on stderr

    @property
    def last_line(self) -> str:
        lines = [line for line in self.said.splitlines() if line.strip()]
        return lines[-1] if lines else ""


class Commands:
    """Starts the run; compiled programs are kept in a folder that all processes share."""

    def __init__(self, cache: Path, settings: str = SETTINGS):
        self.settings = settings
        self.environment = os.environ | {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": str(ROOT),
        }

    def words(self, folder: Path, module: str = MODULE, *before: str) -> list[str]:
        return [sys.executable, "-m", module, *before, "--out", str(folder), *self.settings.split()]

    def start(self, folder: Path) -> subprocess.Popen[str]:
        return self.started(self.words(folder))

    def started(self, words: list[str]) -> subprocess.Popen[str]:
        quiet, heard = subprocess.DEVNULL, subprocess.PIPE
        return subprocess.Popen(words, cwd=ROOT, env=self.environment, text=True, stdout=quiet, stderr=heard)

    def run(self, folder: Path) -> Ended:
        return self.finished(self.words(folder))

    def finished(self, words: list[str]) -> Ended:
        """To its end. Raises AssertionError if that does not come."""
        return ended(self.started(words))


def ended(process: subprocess.Popen[str]) -> Ended:
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError(f"the process had not ended after {PATIENCE} s") from None
    return Ended(process.returncode, said)
