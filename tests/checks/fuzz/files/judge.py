"""Whether reading a file ended as the documentation promises."""

import tempfile
from pathlib import Path

from experiments.errors import UserError
from tests.checks.fuzz.files.draw import File
from tests.checks.fuzz.outcome import Outcome, is_ours, undocumented


def judge(case: File) -> Outcome:
    """Write the file, read it, and look at how that ended."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / Path(case.kind.name).name
        path.write_bytes(case.data)
        try:
            case.kind.read(path)
        except AssertionError as error:
            return Outcome("wrong", f"{error}")
        except (case.kind.refusal, ImportError) as error:
            return judge_refusal(case, error, path)
        except Exception as error:
            return undocumented(error, "an error of another kind")
        return Outcome("right")


def judge_refusal(case: File, error: Exception, path: Path) -> Outcome:
    if not case.history and not isinstance(error, ImportError):
        return undocumented(error, "the file is sound")
    if not (is_ours(error) or isinstance(error, UserError)):
        return undocumented(error, "not raised by this project")
    if str(path) not in str(error) and not (isinstance(error, UserError) and str(path.parent) in str(error)):
        return undocumented(error, "does not name the file")
    if "\n" in str(error):
        return undocumented(error, "more than a line")
    if out_of_memory(error):
        return undocumented(error, "asked for too much memory")
    return Outcome("refused")


def out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__
    return False
