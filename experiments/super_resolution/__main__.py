"""Command line: python -m experiments.super_resolution --help."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.command_line import exit_with, guarded
from experiments.files import check_writable, writing
from experiments.held_out import save_scores, table
from experiments.super_resolution.config import Config
from experiments.super_resolution.pictures import save_picture
from experiments.super_resolution.run import run

DESCRIPTION = """\
Enlarge real photographs 2, 3 and 4 times by small networks whose last layer is a transposed convolution.

A network adds to bicubic interpolation what it has learned is missing. It is compared with nearest, bilinear
and bicubic interpolation on parts of photographs that it was not trained on, and on two photographs it has seen
nothing of.
The photographs ship inside scikit-image and scikit-learn. Leaves super-resolution.png and scores.json in --out.

  python -m experiments.super_resolution
  python -m experiments.super_resolution --scales 2 --steps 3000 --out runs/twice
"""


@dataclass(frozen=True)
class Command:
    """What to train, and where to leave it."""

    out: Path = Path("runs/super-resolution")
    """Folder for the results; made if need be."""
    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return guarded(lambda: execute(args), "Interrupted.")


def execute(args: list[str] | None) -> None:
    command = tyro.cli(Command, args=args, prog="python -m experiments.super_resolution", description=DESCRIPTION)
    check_writable(command.out)
    began = time.perf_counter()
    result = run(command.config)
    with writing(command.out):
        command.out.mkdir(parents=True, exist_ok=True)
        save_picture(result, command.out / "super-resolution.png")
        save_scores(command.config, result.scores, result.seconds, command.out / "scores.json")
    print(table(result.scores))
    trained, whole = sum(result.seconds.values()), time.perf_counter() - began
    print(f"trained in {trained:.0f} s, {whole:.0f} s in all; all is in {command.out}")


if __name__ == "__main__":
    exit_with(main)
