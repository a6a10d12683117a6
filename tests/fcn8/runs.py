"""Tiny runs of the experiment, and what they leave."""

import json

from experiments.fcn8.data import DigitTask

SIGNATURE = DigitTask.signature
ARGUMENTS = [
    *["--steps", "6", "--batch-size", "2", "--width", "1", "--depths", "1", "1", "1", "1", "1"],
    *["--head-ch", "4", "--decoder-ch", "4", "--test-scenes", "4"],
    *["--evaluations", "2", "--checkpoints", "3"],
]


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
