"""The findings of check-data, in words or as JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from experiments.errors import UserError
from experiments.fcn.data.check import Findings, Split

TITLES = {"train": "train", "val": "held out", "test": "test"}
MAX_VALUES = 40
MAX_ALIKE = 4  # lines of problems that are alike
OWN = re.compile(r"\S*[/\\]\S*|[\d,]*\d")  # paths and numbers: a file's own part of a problem


def as_json(findings: Findings) -> str:
    """One object: splits, problems, hints; the masks' values too where they are no classes."""
    names = findings.classes.names if findings.classes else ()
    splits = {
        name: {
            "pictures": split.pictures,
            "heights": bounds(split, 0),
            "widths": bounds(split, 1),
            "pixels": dict(zip(names, split.pixels.tolist(), strict=True)),
            "ignored": split.ignored,
        }
        for name, split in findings.splits.items()
    }
    result = {"splits": splits, "problems": [str(x) for x in findings.problems], "hints": [*findings.hints]}
    if findings.classes is None:
        result["values"] = {str(value): findings.values[value] for value in sorted(findings.values)}
    return json.dumps(result, indent=1)


def bounds(split: Split, axis: int) -> list[int]:
    """The smallest and the largest; nothing of nothing."""
    return [int(split.sizes[:, axis].min()), int(split.sizes[:, axis].max())] if len(split.sizes) else []


def as_text(findings: Findings) -> str:
    """Tables, then the problems, one a line, then the hints."""
    lines = [f"{TITLES[name]}: {in_words(split)}" for name, split in findings.splits.items()]
    lines += ["", *class_table(findings), ""] if findings.classes else [*value_table(findings), ""]
    number = len(findings.problems)
    lines.append("No problems." if not number else "1 problem:" if number == 1 else f"{number:,} problems:")
    lines += [f"  {line}" for line in grouped(findings.problems)]
    lines += [f"Hint: {hint}." for hint in findings.hints]
    return "\n".join(lines)


def grouped(problems: Sequence[UserError]) -> Iterator[str]:
    """A line each; of many that differ in no more than names and numbers the first, and how many more there are."""
    groups: dict[tuple[str, str], list[UserError]] = {}
    for problem in problems:
        groups.setdefault((OWN.sub("", problem.what).partition(":")[0], problem.remedy), []).append(problem)
    for group in groups.values():
        shown = group if len(group) <= MAX_ALIKE else group[: MAX_ALIKE - 1]
        yield from map(str, shown)
        if more := len(group) - len(shown):
            yield f"… and {more:,} more like it (--json lists all)"


def in_words(split: Split) -> str:
    sizes = [f"{' to '.join(map(str, dict.fromkeys(bounds(split, axis))))} pixels" for axis in (1, 0)]
    where = f", {sizes[0]} wide, {sizes[1]} high" if len(split.sizes) else ""
    return f"{split.pictures:,} picture{'' if split.pictures == 1 else 's'}{where}"


def class_table(findings: Findings) -> list[str]:
    """Pixels by class and split, and each class's share of those that have a class."""
    assert findings.classes is not None
    splits = findings.splits.values()
    rows = [["class", *(text for name in findings.splits for text in (f"{TITLES[name]}: pixels", "share"))]]
    for i, name in enumerate(findings.classes.names):
        rows.append([f"{i} {name}", *(text for split in splits for text in cells(split.pixels[i], split.pixels.sum()))])
    rows.append(["ignored", *(text for split in splits for text in (f"{split.ignored:,}", ""))])
    return aligned(rows)


def cells(part: int, whole: int) -> tuple[str, str]:
    return f"{part:,}", f"{part / max(1, whole):.2%}"


def value_table(findings: Findings) -> list[str]:
    """Pixels by value, the most frequent first."""
    order = sorted(findings.values.items(), key=lambda item: -item[1])
    rows = [["value", "pixels"], *([str(value), f"{count:,}"] for value, count in order[:MAX_VALUES])]
    return aligned(rows) + ([f"and {len(order) - MAX_VALUES} more"] if len(order) > MAX_VALUES else [])


def aligned(rows: Iterable[list[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (
            row[0].ljust(widths[0]) + "".join(f"  {x:>{width}}" for x, width in zip(row[1:], widths[1:], strict=True))
        ).rstrip()
        for row in rows
    ]
