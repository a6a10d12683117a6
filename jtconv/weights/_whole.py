"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path to write to within the block; after it, what is there takes the place of `file`.

    It has the permissions that the umask leaves, whoever wrote it: safetensors would let one user alone read it. An
    error, or an interruption, leaves `file` as it was.
    """
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        temporary.touch()
        permissions = temporary.stat().st_mode
        yield temporary
        temporary.chmod(permissions)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
