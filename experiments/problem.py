"""What ends a run early: what a user can mend, a file that is missing, damaged or another run's; a request."""

from pathlib import Path


class Problem(Exception):
    """A file, what is wrong with it, and what to do: one line."""

    def __init__(self, file: Path, what: str, remedy: str):
        super().__init__(f"{file} {what}: {remedy}.")


class Stopped(Exception):
    """The run was asked to end, has saved its state and said so."""
