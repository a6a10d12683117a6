"""Outcomes as JSON, and that as a table."""

import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from typing import Any

from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from tests.checks.agreement.compared import KINDS, Outcome, Peer

DTYPES = ("float64", "float32", "bfloat16", "float16", "complex64", "complex128")


def summary(peer: Peer, outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """What is kept of one peer's run."""
    compared = [o for o in outcomes if o.kind == "compared"]
    return {
        "peer": peer.name,
        "versions": {name: importlib.metadata.version(name) for name in peer.packages},
        "configurations": len(outcomes),
        **{kind: sum(o.kind == kind for o in outcomes) for kind in KINDS},
        "features": dict(sorted(Counter(f for o in compared for f in o.configuration.features).items())),
        "differences": dict(Counter(o.words for o in outcomes if o.kind == "deliberate difference")),
        "failures": [f"{o.configuration}: {o.words}" for o in outcomes if o.kind == "failure"],
        "seconds": round(seconds, 1),
    }


def document(summaries: Sequence[dict[str, Any]], every: int) -> dict[str, Any]:
    """The whole result: machine, versions, date, peers."""
    return {**describe("by configuration"), "every": every, "peers": list(summaries)}


def markdown(result: dict[str, Any]) -> str:
    """The result as it is read."""
    peers = result["peers"]
    head = ["peer", "compared", "refused by both", "deliberate differences", "failures", "seconds"]
    rows = [[_named(p), *(f"{p[kind]:,}" for kind in KINDS), f"{p['seconds']:.0f}"] for p in peers]
    share = "" if result["every"] == 1 else f", every {result['every']}th configuration"
    lines = [
        f"Measured {result['date']} on {result['processor']}, {result['cores']} cores, Python {result['python']}, "
        f"jax {result['jax']}, jtconv {result['jtconv']}{share}.",
        table(head, rows),
        "Of the configurations compared, so many have",
        _features(peers),
    ]
    reasons = sorted({(p["peer"], reason, count) for p in peers for reason, count in p["differences"].items()})
    if reasons:
        lines += [
            "Deliberate differences:",
            table(["peer", "calls", "what, and why"], [[n, str(c), r] for n, r, c in reasons]),
        ]
    return "\n\n".join(lines) + "\n"


def _named(peer: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in peer["versions"].items())
    return f"{peer['peer']} ({versions})"


def _features(peers: Sequence[dict[str, Any]]) -> str:
    names = {name for p in peers for name in p["features"]}
    ordered = sorted(names, key=lambda name: (name in DTYPES, name))
    rows = [[name, *(f"{p['features'].get(name, 0) or '—'}" for p in peers)] for name in ordered]
    return table(["", *(p["peer"] for p in peers)], rows)
