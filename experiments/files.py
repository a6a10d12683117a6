"""Writing results: whole files, and one line where a folder cannot take them."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.errors import UserError
from jtconv.weights._whole import whole

REMEDY = "choose another --out"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # a full disk, quota or file


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Within the block, a failure of the file system is a `UserError` with `folder`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        remedy = "free some space, or " + REMEDY if error.errno in FULL else REMEDY
        raise UserError(folder, f"cannot hold the results ({reason})", remedy) from error


def resolve(settings: Any, *names: str) -> None:
    """Make paths of frozen settings absolute: the same places from wherever the command is given."""
    for name in names:
        if (path := getattr(settings, name)) is not None:
            object.__setattr__(settings, name, Path(os.path.realpath(path)))


def check_writable(folder: Path) -> None:
    """Raise `UserError` if `folder` is no folder that can be written to, nor can be made one."""
    path = folder.absolute()
    try:
        nearest = next(x for x in (path, *path.parents) if x.exists())
    except (OSError, ValueError) as error:  # a name that is too long, or that no file can have
        raise UserError(Path(f"{folder!s:.40}…"), f"is no name for a folder ({error!s:.80})", REMEDY) from error
    if not nearest.is_dir():
        raise UserError(nearest, "is not a folder", REMEDY)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(nearest, "is not writable", REMEDY)


def write_whole(file: Path, content: str | bytes) -> None:
    """Write `file` so that an interruption leaves it as it was, or whole."""
    with whole(file) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
