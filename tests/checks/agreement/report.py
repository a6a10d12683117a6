"""Outcomes as JSON, and that as a table."""

import importlib.metadata
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from tests.checks.agreement.compared import KINDS, Outcome
from tests.checks.agreement.peer import Peer

DTYPES = ("float64", "float32", "bfloat16", "float16", "complex64", "complex128")

HEAD = ("processor", "cores", "python", "jax", "jtconv")


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
    machine = describe("by configuration")
    peers = [{"peer": s["peer"], "date": machine["date"], "every": every, **s} for s in summaries]
    return {**machine, "peers": peers}


def with_others(result: dict[str, Any], file: Path) -> dict[str, Any]:
    """The result, and the peers that were not run again from an earlier one that has the same head."""
    earlier = json.loads(file.read_text()) if file.exists() else {}
    if any(earlier.get(name) != result[name] for name in HEAD):
        return result
    peers = {p["peer"]: {"date": earlier["date"], "every": earlier.get("every", 1), **p} for p in earlier["peers"]}
    peers |= {p["peer"]: p for p in result["peers"]}
    return {**result, "peers": list(peers.values())}


def markdown(result: dict[str, Any]) -> str:
    """The result as it is read."""
    peers = result["peers"]
    head = ["peer", "compared", "refused by both", "deliberate differences", "failures", "seconds", "measured"]
    rows = [[_named(p), *(f"{p[kind]:,}" for kind in KINDS), f"{p['seconds']:.0f}", _measured(p)] for p in peers]
    lines = [
        f"Measured on {result['processor']}, {result['cores']} cores, Python {result['python']}, "
        f"jax {result['jax']}, jtconv {result['jtconv']}.",
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


def _measured(peer: dict[str, Any]) -> str:
    """When, and how many of the configurations."""
    return peer["date"] + ("" if peer["every"] == 1 else f", every {peer['every']}th configuration")


def _features(peers: Sequence[dict[str, Any]]) -> str:
    names = {name for p in peers for name in p["features"]}
    ordered = sorted(names, key=lambda name: (name in DTYPES, name))
    rows = [[name, *(f"{p['features'].get(name, 0) or '—'}" for p in peers)] for name in ordered]
    return table(["", *(p["peer"] for p in peers)], rows)
