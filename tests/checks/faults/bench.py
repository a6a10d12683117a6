"""The folder, the commands and the expected results that a case works with."""

import shutil
import tempfile
from pathlib import Path

from tests.checks.faults.command import SETTINGS, Commands
from tests.checks.faults.results import Results, results


class Bench:
    """A scratch folder, the command, and the run that nothing happened to."""

    def __init__(self, kills: int = 100, seed: int = 0, settings: str = SETTINGS, kept: Path | None = None):
        self.kills, self.seed = kills, seed
        self.scratch = Path(tempfile.mkdtemp(prefix="faults-"))
        self.kept = kept or self.scratch  # with what is the same every time
        self.commands = Commands(self.kept / "cache", settings)
        self.finished = self.kept / "reference"
        self.reference = self.train_reference()

    def train_reference(self) -> Results:
        if not (self.finished / "scores.json").exists():
            end = self.commands.run(self.finished)
            assert end.status == 0, end.said
        return results(self.finished)

    def folder(self, name: str) -> Path:
        """A new one, which is not made."""
        return self.scratch / name

    def copy(self, name: str) -> Path:
        """The finished run in a folder of its own."""
        return Path(shutil.copytree(self.finished, self.folder(name)))

    def close(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
