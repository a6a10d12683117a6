"""Deblur and enlarge a photograph: Cᵀ is not the way back; solving with C and Cᵀ is.

Run:      python -m experiments.inverse        (--help tells what can be changed)
Measured: 97 s on two cores that were not idle (AMD EPYC, jax 0.10.2); Cᵀ y 6.06 dB, bicubic 21.01 dB, solved 22.03 dB.
"""

import dataclasses
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.errors import UserError
from experiments.files import check_writable, write_whole, writing
from experiments.inverse.config import Config
from experiments.inverse.pictures import save_picture
from experiments.inverse.run import Result, run


@dataclass(frozen=True)
class Command:
    """Deblur and enlarge a photograph by conjugate gradients; leaves inverse.png and scores.json in --out."""

    out: Path = Path("runs/inverse")
    """Folder for the results; made if need be."""
    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)


def main(args: list[str] | None = None) -> int:
    """Run the command line; the exit status: 0, or 2 for a setting or folder at fault."""
    try:
        command = tyro.cli(Command, args=args, prog="python -m experiments.inverse")
        check_writable(command.out)
        began = time.perf_counter()
        result = run(command.config)
        seconds = time.perf_counter() - began
        with writing(command.out):
            command.out.mkdir(parents=True, exist_ok=True)
            save_picture(result, command.out / "inverse.png")
            save_scores(command.config, result, seconds, command.out / "scores.json")
    except (ValueError, UserError) as error:
        print(error, file=sys.stderr)
        return 2
    print(table(result))
    print(f"λ = {result.penalty:g} by generalised cross-validation; solved in {seconds:.0f} s; all is in {command.out}")
    return 0


def table(result: Result) -> str:
    """A line per way back from y."""
    lines = [f"{'':44} {'PSNR (dB)':>9} {'SSIM':>6}"]
    lines += [f"{a.name:44} {a.psnr:9.2f} {a.ssim:6.3f}" for a in result.attempts.values()]
    return "\n".join(lines)


def save_scores(config: Config, result: Result, seconds: float, file: Path) -> None:
    scores = {
        "config": dataclasses.asdict(config),
        "penalty": result.penalty,
        "seconds": round(seconds, 1),
        "scores": {k: {"name": a.name, "psnr": a.psnr, "ssim": a.ssim} for k, a in result.attempts.items()},
        "by_penalty": [choice._asdict() for choice in result.choices],
        "psnr_by_step": result.curves,
    }
    write_whole(file, json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
