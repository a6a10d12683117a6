"""The frame of an experiment that trains networks on photographs and scores them on held-out ones."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from experiments.command_line import guarded
from experiments.files import writing
from experiments.held_out import Score, save_scores, table
from experiments.shown import Command, parsed


class Trained(Protocol):
    """What a run gives."""

    @property
    def scores(self) -> list[Score]: ...

    @property
    def seconds(self) -> dict[str, float]:
        """Of training, by task."""
        ...


Result = TypeVar("Result", bound=Trained)


def show_trained(
    name: str,
    settings: Any,
    run: Callable[[Any], Result],
    save_picture: Callable[[Result, Path], None],
    args: list[str] | None,
    description: str,
) -> int:
    """Run the command line of experiments.`name`; `settings` are the defaults. The exit status, see `guarded`."""
    return guarded(lambda: execute(name, settings, run, save_picture, args, description), "Interrupted.")


def execute(
    name: str,
    settings: Any,
    run: Callable[[Any], Result],
    save_picture: Callable[[Result, Path], None],
    args: list[str] | None,
    description: str,
) -> None:
    stem = name.replace("_", "-")
    command = parsed(name, Command(Path("runs") / stem, settings), args, description)
    began = time.perf_counter()
    result = run(command.config)
    with writing(command.out):
        command.out.mkdir(parents=True, exist_ok=True)
        save_picture(result, command.out / f"{stem}.png")
        save_scores(command.config, result.scores, result.seconds, command.out / "scores.json")
    print(table(result.scores))
    trained, whole = sum(result.seconds.values()), time.perf_counter() - began
    print(f"trained in {trained:.0f} s, {whole:.0f} s in all; all is in {command.out}")
