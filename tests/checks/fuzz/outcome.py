"""The outcome of a case."""

import traceback
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[3]
OURS = (str(ROOT / "jtconv"), str(ROOT / "experiments"))


# "no case": its own array or file cannot be made. "out of memory": JAX's own words for a result of a gigabyte or more.
FINE = ("right", "refused", "no case", "out of memory")


class Outcome(NamedTuple):
    """`kind` is one of FINE where all is well; else what was wrong, with `words` about it."""

    kind: str
    words: str = ""

    @property
    def ok(self) -> bool:
        """The documentation promises this outcome."""
        return self.kind in FINE


class TooLong(BaseException):
    """A case ran out of time; nothing that is tested can take it for its own."""


def is_ours(error: BaseException) -> bool:
    """Tell whether this project's own code raised it."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return last.filename.startswith(OURS)


def place(error: BaseException) -> str:
    """The last lines of code that it came through, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " > ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames)


def undocumented(error: BaseException, why: str) -> Outcome:
    text = " ".join(str(error).split())[:300]
    return Outcome("undocumented error", f"{why}: {type(error).__name__}: {text} ({place(error)})")


def as_json(number: int, outcome: Outcome, code: str) -> dict[str, Any]:
    return {"number": number, "kind": outcome.kind, "words": outcome.words, "code": code}
