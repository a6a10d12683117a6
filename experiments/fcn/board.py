"""The log for TensorBoard as well, where it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experiments.fcn.log import Listener


def check_installed() -> None:
    """Raise ValueError if the package that writes TensorBoard's files is missing."""
    if find_spec("tensorboardX") is None:
        raise ValueError("`tensorboard` needs the package tensorboardX: pip install 'jtconv[tensorboard]'.")


@contextmanager
def open_board(folder: Path, first: int) -> Iterator[Listener]:
    """Writes the numbers of each line to `folder`; what was written of steps after `first` is void."""
    check_installed()
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder), purge_step=first + 1) as writer:

        def add(step: int, values: dict[str, Any]) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        yield add
