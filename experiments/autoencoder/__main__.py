"""Command line: python -m experiments.autoencoder --help."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.autoencoder.config import Config
from experiments.autoencoder.pictures import save_picture
from experiments.autoencoder.run import run
from experiments.command_line import exit_with, guarded
from experiments.files import check_writable, writing
from experiments.held_out import save_scores, table

DESCRIPTION = """\
Train autoencoders on real photographs: convolutions make a code, transposed convolutions a picture of it.

A network each for compression (the code has a sixteenth of the numbers), denoising, in-painting of missing squares,
and colourisation; each beside methods that learn little or nothing, on parts of photographs that it was not trained
on, and on two photographs it has seen nothing of. The photographs ship inside scikit-image and scikit-learn.
Leaves autoencoder.png and scores.json in --out.

  python -m experiments.autoencoder
  python -m experiments.autoencoder --tasks compression --steps 5000 --out runs/compression
"""


@dataclass(frozen=True)
class Command:
    """What to train for, and where to leave it."""

    out: Path = Path("runs/autoencoder")
    """Folder for the results; made if need be."""
    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return guarded(lambda: execute(args), "Interrupted.")


def execute(args: list[str] | None) -> None:
    command = tyro.cli(Command, args=args, prog="python -m experiments.autoencoder", description=DESCRIPTION)
    check_writable(command.out)
    began = time.perf_counter()
    result = run(command.config)
    with writing(command.out):
        command.out.mkdir(parents=True, exist_ok=True)
        save_picture(result, command.out / "autoencoder.png")
        save_scores(command.config, result.scores, result.seconds, command.out / "scores.json")
    print(table(result.scores))
    trained, whole = sum(result.seconds.values()), time.perf_counter() - began
    print(f"trained in {trained:.0f} s, {whole:.0f} s in all; all is in {command.out}")


if __name__ == "__main__":
    exit_with(main)
