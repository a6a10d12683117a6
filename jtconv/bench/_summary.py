"""Means over the layers, the worst of them by name, and what failed."""

from jtconv.bench._figures import (
    LARGE,
    PEERS,
    TITLES,
    Layer,
    geometric_mean,
    parts,
    ratio,
    share_of_bound,
)
from jtconv.bench._markdown import table, times


def summary(layers: list[Layer]) -> str:
    """A Markdown table: a row for each peer, for the quickest of them, and for the bound; a column for each part."""
    measured = parts(layers)
    groups = PEERS | {"the quickest of them": tuple(name for names in PEERS.values() for name in names)}
    rows = [[peer, *(_against(names, layers, part) for part in measured)] for peer, names in groups.items()]
    rows.append([f"share of the bound above {LARGE:.0f} GFLOP", *(_mean_share(layers, part) for part in measured)])
    return table(["**geometric means**", *(TITLES[part] for part in measured)], rows)


def _against(names: tuple[str, ...], layers: list[Layer], part: str) -> str:
    found = {layer["name"]: r.median for layer in layers if part in layer and (r := ratio(layer[part], names))}
    if not found:
        return "—"
    worst = min(found, key=lambda name: found[name])
    return (
        f"**{times(geometric_mean(list(found.values())))}** of {_layers(found)}; least {times(found[worst])}, {worst}"
    )


def _mean_share(layers: list[Layer], part: str) -> str:
    shares = [share_of_bound(layer, part) for layer in layers if layer["gflop"] > LARGE and part in layer]
    return f"{sum(shares) / len(shares):.0%} of {_layers(shares)}" if shares else "—"


def _layers(found: dict[str, float] | list[float]) -> str:
    return f"{len(found)} layer{'s' if len(found) > 1 else ''}"


def failures(layers: list[Layer]) -> str:
    """A Markdown list: which contender has no figures, where and why. What it cannot express is not its failure."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for layer in layers:
        for part, found in layer.get("failed", {}).items():
            for name, reason in found.items():
                where.setdefault((name, TITLES[part], reason), []).append(layer["name"])
    return "\n".join(f"- {name}, {title}, on {', '.join(on)}: {reason}" for (name, title, reason), on in where.items())
