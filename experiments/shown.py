"""The frame of an experiment of seconds: settings in; a table, a picture and perhaps more files out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Annotated, Generic, NamedTuple, TypeVar

import tyro
from matplotlib.figure import Figure

from experiments.command_line import guarded
from experiments.drawing import save_small
from experiments.files import check_writable, write_whole, writing

Settings = TypeVar("Settings")
STOPPED = "Interrupted: nothing was written."


class Shown(NamedTuple):
    """What a run has to show."""

    table: str  # printed
    figure: Figure
    files: Mapping[str, str] = {}  # beside the figure


@dataclass(frozen=True)
class Command(Generic[Settings]):
    """What can be changed."""

    out: Path
    """Folder for the results; made if need be."""
    config: Annotated[Settings, tyro.conf.arg(name="")] = field()


def show(
    name: str, settings: Settings, run: Callable[[Settings], Shown], args: list[str] | None, description: str
) -> int:
    """Run the command line of experiments.`name`; `settings` are the defaults. The exit status, see `guarded`."""
    return guarded(lambda: execute(name, settings, run, args, description), STOPPED)


def execute(
    name: str, settings: Settings, run: Callable[[Settings], Shown], args: list[str] | None, description: str
) -> None:
    command = parsed(name, Command(Path("runs") / name, settings), args, description)
    shown = run(command.config)
    picture = BytesIO()
    save_small(shown.figure, picture)
    with writing(command.out):
        command.out.mkdir(parents=True, exist_ok=True)
        write_whole(command.out / f"{name}.png", picture.getvalue())
        for file, content in shown.files.items():
            write_whole(command.out / file, content)
    print(shown.table)


def parsed(name: str, default: Command[Settings], args: list[str] | None, description: str) -> Command[Settings]:
    """The command line of experiments.`name`. Raises `UserError` if its folder cannot be written to."""
    program, kind = f"python -m experiments.{name}", Command[type(default.config)]
    command = tyro.cli(kind, default=default, args=args, prog=program, description=description)
    check_writable(command.out)
    return command
