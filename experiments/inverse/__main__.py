"""Deblur and enlarge a photograph by conjugate gradients: Cᵀ is not the way back; solving with C and Cᵀ is.

Leaves inverse.png and scores.json in --out.

  python -m experiments.inverse

Measured: 97 s on two cores that were not idle (AMD EPYC, jax 0.10.2); Cᵀ y 6.06 dB, bicubic 21.01 dB, solved 22.03 dB.
"""

import dataclasses
import json
import sys
import time

from experiments.inverse.observe import Config
from experiments.inverse.pictures import draw_picture
from experiments.inverse.run import Result
from experiments.inverse.run import run as run_all
from experiments.shown import Shown, command_line


def run(config: Config) -> Shown:
    began = time.perf_counter()
    result = run_all(config)
    seconds = time.perf_counter() - began
    files = {"scores.json": json.dumps(scores(config, result, seconds), indent=1) + "\n"}
    last_line = f"λ = {result.penalty:g} by generalised cross-validation; solved in {seconds:.0f} s"
    return Shown(table(result), draw_picture(result), files, last_line)


def table(result: Result) -> str:
    """A line per method of going back from y."""
    lines = [f"{'':44} {'PSNR (dB)':>9} {'SSIM':>6}"]
    lines += [f"{a.name:44} {a.psnr:9.2f} {a.ssim:6.3f}" for a in result.attempts.values()]
    return "\n".join(lines)


def scores(config: Config, result: Result, seconds: float) -> dict[str, object]:
    return {
        "config": dataclasses.asdict(config),
        "penalty": result.penalty,
        "seconds": round(seconds, 1),
        "scores": {k: {"name": a.name, "psnr": a.psnr, "ssim": a.ssim} for k, a in result.attempts.items()},
        "by_penalty": [choice._asdict() for choice in result.choices],
        "psnr_by_step": result.curves,
    }


main = command_line("inverse", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
