"""`python -m tests.peers.agreement`."""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import jax

import tests.peers.conftest  # noqa: F401 (keras's backend, before keras is imported)
from tests.peers.agreement import registry
from tests.peers.agreement.compared import Outcome, compare
from tests.peers.agreement.report import document, markdown, summary


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.peers.agreement", description="Compare jtconv.compat with the frameworks themselves."
    )
    parser.add_argument("--peers", nargs="+", default=registry.NAMES, choices=registry.NAMES, help="which; all of them")
    parser.add_argument("--every", type=int, default=1, help="run only every so many configurations")
    parser.add_argument("--out", type=Path, help="folder for agreement.json and agreement.md")
    given = parser.parse_args(arguments)
    # Compiling takes the time, mostly on one core: the peers run side by side, each in a process of its own.
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=alone) as pool:
        summaries = list(pool.map(partial(_run, every=given.every), given.peers))
    result = document(summaries, given.every)
    print(markdown(result))
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "agreement.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        (given.out / "agreement.md").write_text(markdown(result))
    return int(any(s["failure"] for s in summaries))


def _run(name: str, every: int) -> dict:
    jax.config.update("jax_enable_x64", True)
    peer = registry.peer(name)
    configurations, start = registry.chosen(peer, every), time.perf_counter()
    outcomes: list[Outcome] = []
    for number, configuration in enumerate(configurations, 1):
        outcome = compare(peer, configuration)
        outcomes.append(outcome)
        if outcome.kind == "failure":
            print(f"{peer.name}: {configuration}: {outcome.words}", flush=True)
        if number % 100 == 0 or number == len(configurations):
            print(f"{peer.name}: {number} of {len(configurations)}, {time.perf_counter() - start:.0f} s", flush=True)
            jax.clear_caches()  # each program is run once
    return summary(peer, outcomes, time.perf_counter() - start)


if __name__ == "__main__":
    raise SystemExit(main())
