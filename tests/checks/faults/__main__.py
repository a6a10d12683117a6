"""`python -m tests.checks.faults`."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from tests.checks.faults.bench import Bench
from tests.checks.faults.disks import Skipped
from tests.checks.faults.registry import CASES


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.checks.faults", description="Train while things go wrong.")
    parser.add_argument(
        "--kills", type=int, default=100, help="of the case `kills`, and a tenth of them of `one-of-two`; default: 100"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the damage; default: 0")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the undisturbed run and compiled programs there")
    given = parser.parse_args(words)
    bench, rows = Bench(given.kills, given.seed, kept=given.keep), []
    for name in given.cases:
        print(name, flush=True)
        rows.append((name, *tried(name, bench)))
        print(f"  {rows[-1][1]}: {rows[-1][2]}", flush=True)
    print(
        "\n" + "\n".join(f"{name:<11} {verdict:<8} {seconds:>6.0f} s  {said}" for name, verdict, said, seconds in rows)
    )
    failed = [name for name, verdict, *_ in rows if verdict == "FAILED"]
    if failed:
        print(f"=> {', '.join(failed)} failed; what they left is in {bench.scratch}")
        return 1
    bench.close()
    print(f"=> {len(rows)} cases: nothing is lost, and the results are those of a run that nothing happened to")
    return 0


def tried(name: str, bench: Bench) -> tuple[str, str, float]:
    """Verdict, words, seconds."""
    began = time.perf_counter()
    try:
        verdict, said = "ok", CASES[name](bench)
    except Skipped as reason:
        verdict, said = "skipped", str(reason)
    except AssertionError as error:
        verdict, said = "FAILED", str(error)
    return verdict, said, time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
