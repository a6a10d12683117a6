"""One peer's configurations, one after the other."""

import time
from typing import Any

import jax

import tests.peers.conftest  # noqa: F401 (keras's backend, before keras is imported)
from tests.checks.agreement import registry
from tests.checks.agreement.compared import Outcome, compare
from tests.checks.agreement.report import summary


def run(name: str, every: int) -> dict[str, Any]:
    """Compare with the peer of this name, in float64 too, and say what came of it."""
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
