"""`python -m tests.checks.agreement`."""

import argparse
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.checks.agreement import registry
from tests.checks.agreement.report import document, markdown, with_others
from tests.checks.agreement.run import run


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.checks.agreement", description="Compare jtconv.compat with the frameworks themselves."
    )
    parser.add_argument("--peers", nargs="+", default=registry.NAMES, choices=registry.NAMES, help="which; all of them")
    parser.add_argument("--every", type=int, default=1, help="run only every so many configurations")
    parser.add_argument("--out", type=Path, help="folder of agreement.json and .md, where other peers' rows are kept")
    given = parser.parse_args(arguments)
    # Compiling takes the time, mostly on one core: the peers run side by side, each in a process of its own.
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=alone) as pool:
        summaries = list(pool.map(partial(run, every=given.every), given.peers))
    result = document(summaries, given.every)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        result = with_others(result, given.out / "agreement.json")
    print(markdown(result))
    if given.out:
        (given.out / "agreement.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        (given.out / "agreement.md").write_text(markdown(result))
    return int(any(s["failure"] for s in summaries))


if __name__ == "__main__":
    raise SystemExit(main())
