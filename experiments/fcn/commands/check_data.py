"""check-data: what is in a data set, and what is wrong with it."""

from dataclasses import dataclass

import tyro

from experiments.fcn.data.check import check_data
from experiments.fcn.data.check_report import as_json, as_text
from experiments.fcn.data.config import Source


@dataclass(frozen=True, kw_only=True)
class CheckData:
    """Read a whole data set: report every problem, and count each class's pixels."""

    source: tyro.conf.OmitArgPrefixes[Source]
    json: bool = False
    """Print one JSON object instead of tables."""


def run(command: CheckData) -> int:
    """The exit status: 0, or 1 if there are problems. Raises ValueError for a setting out of bounds."""
    command.source.check()
    findings = check_data(command.source)
    print(as_json(findings) if command.json else as_text(findings))
    return 1 if findings.problems else 0
