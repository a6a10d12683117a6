"""The frame of an experiment: settings in; a table, a picture and perhaps more files out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import tyro
from matplotlib.figure import Figure

from experiments.command_line import guarded
from experiments.drawing import save_small
from experiments.files import check_writable, write_whole, writing
from experiments.options import parsed

Settings = TypeVar("Settings")
STOPPED = "Interrupted: nothing was written."


class Shown(NamedTuple):
    """The results of a run."""

    table: str  # printed
    figure: Figure
    files: Mapping[str, str] = {}  # beside the figure
    last_line: str = ""  # printed, with the time in all and the folder
    greys: bool = False  # see `save_small`


@dataclass(frozen=True)
class Command(Generic[Settings]):
    """The options of an experiment."""

    out: Path
    """Folder for the results; made if need be."""
    config: Annotated[Settings, tyro.conf.arg(name="")] = field()


def command_line(name: str, settings: Any, run: Callable[[Any], Shown], description: str | None) -> Callable[..., int]:
    """Return the `main` of an experiment: it takes the arguments and returns the exit status, see `guarded`.

    `settings` are the defaults. The results go to runs/NAME, the picture to NAME.png there.
    """
    default = Command(Path("runs") / name, settings)

    def execute(args: list[str] | None) -> None:
        program, kind = f"python -m experiments.{name.replace('-', '_')}", Command[type(settings)]
        command = parsed(kind, args, prog=program, description=description, default=default)
        check_writable(command.out)
        began = time.perf_counter()
        shown = run(command.config)
        write(shown, name, command.out)
        print(shown.table)
        if shown.last_line:
            print(f"{shown.last_line}, {time.perf_counter() - began:.0f} s in all; all is in {command.out}")

    def main(args: list[str] | None = None) -> int:
        return guarded(lambda: execute(args), STOPPED)

    return main


def write(shown: Shown, name: str, folder: Path) -> None:
    """Write the picture and the files, all of them made before the first is written."""
    picture = BytesIO()
    save_small(shown.figure, picture, greys=shown.greys)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{name}.png", picture.getvalue())
        for file, content in shown.files.items():
            write_whole(folder / file, content)
