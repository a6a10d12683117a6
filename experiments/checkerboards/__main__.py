"""Checkerboards: in overlap counts, in what a small generator makes before and after training, in its spectrum.

Generators that enlarge photographs four times, each with another kind of layer, are trained for a short while
on parts of eight photographs, and tested on other parts.

  python -m experiments.checkerboards
  python -m experiments.checkerboards --steps 2000 --seeds 1
"""

import sys
import time

from experiments.checkerboards.data import Config
from experiments.checkerboards.picture import draw_picture
from experiments.checkerboards.run import Result, Tried
from experiments.checkerboards.run import run as run_all
from experiments.shown import Shown, command_line


def run(config: Config) -> Shown:
    began = time.perf_counter()
    result = run_all(config)
    return Shown(table(result, time.perf_counter() - began), draw_picture(result))


def table(result: Result, seconds: float) -> str:
    heading = [
        "| layer | contributions | flat, untrained | flat, trained | excess, untrained | trained | PSNR |",
        "|---|---|---|---|---|---|---|",
    ]
    photographs = f"| photographs | | | | | {result.excess:.1f} dB | |"
    return "\n".join([*heading, *map(line, result.tried), photographs, "", f"in {seconds:.0f} s"])


def line(tried: Tried) -> str:
    first, trained = tried.first, tried.trained
    counts = sorted({int(count) for count in tried.cure.contributions(8, 8)[4:-4, 4:-4].ravel()})
    words = ", ".join(map(str, counts)) + (": divided by it" if tried.cure.divided else "")
    return (
        f"| {tried.cure.name} | {words} | {first.unevenness:.2f} | {trained.unevenness:.2f} "
        f"| {first.excess:.1f} dB | {trained.excess:.1f} dB | {trained.psnr:.2f} dB |"
    )


main = command_line("checkerboards", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
