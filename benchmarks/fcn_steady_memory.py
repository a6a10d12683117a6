"""Memory of a training run while it goes on: python -m benchmarks.fcn_steady_memory --help (Linux).

Trains on digits in a process of its own, and reads from outside what memory it has. A run that keeps
what it should let go of takes more with every step.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jtconv.bench._machine import describe
from jtconv.bench._markdown import table

EVERY = 0.5  # seconds between two readings
ROWS = 10
WARM = 0.2  # share of the steps after which programs are compiled and all buffers filled


class Reading(NamedTuple):
    step: int
    mebibytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2_000, help="of training (2000)")
    parser.add_argument("--evaluations", type=int, default=1, help="and checkpoints on the way (1, at the end)")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        readings = watch(arguments.steps, arguments.evaluations, Path(folder))
    result = {
        **describe("float32"),
        "steps": arguments.steps,
        "evaluations": arguments.evaluations,
        **summary(readings),
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(markdown(result))


def watch(steps: int, evaluations: int, folder: Path) -> list[Reading]:
    """Step and memory of a run of so many steps, every half second. Raises RuntimeError if it fails."""
    run, output = folder / "run", folder / "output.txt"
    command = [
        sys.executable,
        "-m",
        "experiments.fcn8",
        "--steps",
        str(steps),
        "--out",
        str(run),
        *("--evaluations", str(evaluations), "--checkpoints", str(evaluations)),
    ]
    readings = []
    with output.open("w") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        while process.poll() is None:
            readings.append(Reading(newest_step(run / "metrics.jsonl"), resident(process.pid)))
            time.sleep(EVERY)
    if process.returncode != 0:
        raise RuntimeError(f"training ended with status {process.returncode}: {output.read_text()[-1000:]}")
    return [reading for reading in readings if 0 < reading.step < steps]  # without what comes after training


def newest_step(metrics: Path) -> int:
    """The step on the last whole line; 0 if there is none."""
    if not metrics.exists():
        return 0
    lines = metrics.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
    return json.loads(lines[-1])["step"] if lines else 0


def resident(process: int) -> float:
    """MiB that a process has in memory; 0 where it has just ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (ProcessLookupError, FileNotFoundError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def summary(readings: list[Reading]) -> dict[str, Any]:
    """Medians of equal parts of the run, and the growth after warming up by a line of least squares."""
    steps, mebibytes = np.array(readings).T
    edges = np.linspace(0, steps.max(), ROWS + 1)
    parts = [mebibytes[(low < steps) & (steps <= high)] for low, high in pairwise(edges)]
    rows = [[int(high), float(np.median(part))] for high, part in zip(edges[1:], parts, strict=True) if part.size]
    warm = steps > WARM * steps.max()
    growth = 1000 * np.polyfit(steps[warm], mebibytes[warm], 1)[0]
    return {"rows": rows, "growth": float(growth), "highest": float(mebibytes.max())}


def markdown(result: dict[str, Any]) -> str:
    rows = [[f"{step:,}", f"{mebibytes:,.0f} MiB"] for step, mebibytes in result["rows"]]
    line = (
        f"Highest {result['highest']:,.0f} MiB; a line through what follows the first fifth grows by"
        f" {result['growth']:+.1f} MiB in 1,000 steps.\n{result['date']}, {result['processor']}, jax {result['jax']}."
    )
    return f"{table(['up to step', 'resident memory, median'], rows)}\n\n{line}"


if __name__ == "__main__":
    main()
