"""Number of instruction bundles that a program compiled for a TPU issues, from its final schedule.

libtpu writes the schedule as text, one file for each operation of the program and one, "TLP", that calls them:

    LIBTPU_INIT_ARGS="--xla_jf_dump_to=FOLDER --xla_jf_dump_llo_text=true
                      --xla_jf_dump_llo_pass_label_regex=^final_bundles$"

A TPU core issues at most one bundle per cycle, and its scalar unit counts the loops. So this file interprets the
scalar instructions that branches depend on, and counts the bundles passed. Waiting for memory is not in the number.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from jtconv.bench.ahead._schedule import Bundle, Program, Value, parse

DELAY_SLOTS = 4  # bundles after a branch that are still issued
MAX_STEPS = 10_000_000  # bundles of one operation that are interpreted; the rest would take minutes
SETUP_DOUBTS = 2  # branches at every program's start, by which chip it runs on


@dataclass
class Issued:
    """Bundles issued by one run of a program.

    Attributes:
      bundles: how many.
      doubtful: branches that depend on something unknown, calls of operations without a text, and counts cut short;
        without those at the start and end of every program.
      by_operation: the bundles of each operation, under its name in the optimised HLO; "TLP" for what calls them.
    """

    bundles: int = 0
    doubtful: int = 0
    by_operation: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, count: "Count", times: int) -> None:
        """Add `times` runs of an operation."""
        self.bundles += count.bundles * times
        self.doubtful += count.doubtful
        self.by_operation[name] += count.bundles * times


def issued(folder: Path) -> Issued:
    """Count the bundles of the program whose final bundles are in `folder`, which holds one program only."""
    texts = {_operation(path): path for path in sorted(folder.glob("*-01-final_bundles.txt"))}
    equals = _equal_operations("".join(path.read_text() for path in folder.glob("*-TLP-hlo.txt")))
    top = run(parse(texts["TLP"].read_text()))
    total = Issued()
    total.add("TLP", replace(top, doubtful=max(top.doubtful - SETUP_DOUBTS, 0)), 1)
    for name, times in top.calls.items():
        found = next((texts[one] for one in (name, *equals.get(name, ())) if one in texts), None)
        count = run(parse(found.read_text())) if found else Count(doubtful=1)
        total.add(name, replace(count, doubtful=0) if name.startswith("<") else count, times)
    return total


@dataclass
class Count:
    """Bundles passed, what is doubtful, and the operations called."""

    bundles: int = 0
    doubtful: int = 0
    calls: Counter[str] = field(default_factory=Counter)


def run(program: Program) -> Count:
    """Interpret a program from its first bundle to its end."""
    bundles, end = program.bundles, len(program.bundles)
    following = _next_that_matters(bundles)
    count, state = Count(), {}
    at, landing, target = 0, end, end  # a branch that is taken goes to `target` before bundle `landing`
    for _ in range(MAX_STEPS):
        stop = min(following[at], landing)
        count.bundles += stop - at
        if stop == landing:
            at, landing = target, end
            target = end
        else:
            region = _execute(bundles[stop], state, count)
            if region is not None:
                landing, target = min(stop + 1 + DELAY_SLOTS, end), program.regions[region]
            count.bundles += 1
            at = stop + 1
        if at >= end:
            return count
    count.doubtful += 1
    return count


def _next_that_matters(bundles: list[Bundle]) -> list[int]:
    """Per bundle, the first from it on that has something to execute."""
    following, last = [], len(bundles)
    for index, bundle in reversed(list(enumerate(bundles))):
        last = index if bundle.steps or bundle.branch or bundle.calls else last
        following.append(last)
    return following[::-1]


def _execute(bundle: Bundle, state: dict[str, Value], count: Count) -> int | None:
    """Execute a bundle, all operands being read before anything is written; return the region branched to."""
    written = []
    for result, compute, operands, guard in bundle.steps:
        holds = _holds(guard, state)
        if holds == 0:
            continue
        values = [state.get(one) if isinstance(one, str) else one for one in operands]
        known = holds and None not in values
        written.append((result, compute(*values) if known else None))
    region = None
    if bundle.branch:
        guard, region = bundle.branch
        holds = _holds(guard, state)
        count.doubtful += holds is None
        region = region if holds else None
    count.calls.update(bundle.calls)
    state.update(written)
    return region


def _holds(guard: str, state: dict[str, Value]) -> Value:
    if not guard:
        return 1
    value = state.get(guard.removeprefix("!"))
    return value if value is None or guard[0] != "!" else 1 - value


def _operation(path: Path) -> str:
    """The name in a file's: TIME-NAME-01-final_bundles.txt."""
    return path.name.partition("-")[2].removesuffix("-01-final_bundles.txt")


_HLO = re.compile(r"%(\S+) = (.+?) ([a-z][\w-]*)\((%[^)]*)?\)")


def _equal_operations(hlo: str) -> dict[str, list[str]]:
    """Per operation, those of equal kind and shapes: the compiler writes a text for one of them."""
    lines = [found.groups("") for found in _HLO.finditer(hlo)]
    shapes = {name: shape for name, shape, _, _ in lines}
    alike: dict[tuple, list[str]] = {}
    for name, shape, kind, operands in lines:
        of = tuple(shapes.get(one.strip(" %"), one) for one in operands.split(", "))
        alike.setdefault((name.partition(".")[0], shape, kind, of), []).append(name)
    return {name: names for names in alike.values() for name in names}
