"""Command line: python -m experiments.super_resolution --help."""

import dataclasses
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.command_line import exit_with, guarded
from experiments.files import check_writable, write_whole, writing
from experiments.super_resolution.config import Config
from experiments.super_resolution.pictures import save_picture
from experiments.super_resolution.run import METHODS, NETWORK, Result, mean, run

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
        save_scores(command.config, result, command.out / "scores.json")
    print(table(result))
    trained, whole = sum(result.seconds.values()), time.perf_counter() - began
    print(f"trained in {trained:.0f} s, {whole:.0f} s in all; all is in {command.out}")


def table(result: Result) -> str:
    """Means over the photographs: a line per scale and method."""
    lines = [f"{'':14}{'right parts':>16}{'never seen':>18}", f"{'':14}{'PSNR':>9}{'SSIM':>7}{'PSNR':>11}{'SSIM':>7}"]
    for scale in result.networks:
        for method in METHODS:
            right, unseen = (mean(result, scale, part, method) for part in ("right", "unseen"))
            lines.append(f"×{scale} {method:11}{right[0]:9.2f}{right[1]:7.3f}{unseen[0]:11.2f}{unseen[1]:7.3f}")
        gains = [
            mean(result, scale, part, NETWORK)[0] - mean(result, scale, part, "bicubic")[0]
            for part in ("right", "unseen")
        ]
        lines.append(f"   {'over bicubic':11}{gains[0]:+8.2f}{gains[1]:+18.2f}")
    return "\n".join(lines)


def save_scores(config: Config, result: Result, file: Path) -> None:
    scores = {
        "config": dataclasses.asdict(config),
        "seconds_of_training": {scale: round(seconds, 1) for scale, seconds in result.seconds.items()},
        "scores": [score._asdict() for score in result.scores],
    }
    write_whole(file, json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    exit_with(main)
