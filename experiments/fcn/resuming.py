"""Whether a folder's run may go on: the settings that may change between its parts, and what has been learned in it."""

import json
from pathlib import Path
from typing import Any

from experiments.errors import UserError, as_user_error
from experiments.fcn.config import Config

# Settings that may change while a run goes on, and what follows. All others decide what has been learned so far.
CHANGEABLE = {
    "steps": "the learning-rate schedule is stretched to the new total, and goes on from the step reached",
    "evaluations": "spread over the new total",
    "checkpoints": "spread over the new total",
    "patience": "counted over all evaluations so far",
}


def newest_step(checkpoints: Path) -> int:
    """Step of the newest whole checkpoint; 0 if there is none."""
    return max((int(path.name) for path in checkpoints.glob("*") if path.name.isdigit()), default=0)


def differences(config: Config, file: Path) -> dict[str, tuple[Any, Any]]:
    """The settings that differ from those saved in `file`: name -> (saved, now)."""
    now = flat(config.to_json())
    with as_user_error(file, "is not a configuration", "delete its folder, or choose another --out"):
        saved = flat(json.loads(file.read_text(encoding="utf-8")))
    names = sorted(saved.keys() | now.keys())
    return {name: (saved.get(name), now.get(name)) for name in names if saved.get(name) != now.get(name)}


def check_goes_on(config: Config, file: Path, done: int) -> None:
    """Raise `UserError` if the run of the settings in `file`, with `done` steps, cannot go on with `config`."""
    differing = differences(config, file)
    fixed = [
        f"{name} (saved {saved!r}, now {now!r})" for name, (saved, now) in differing.items() if name not in CHANGEABLE
    ]
    if fixed:
        what = "is of a run with other settings: " + ", ".join(fixed)
        remedy = f"use the saved settings (only {', '.join(CHANGEABLE)} may change), or choose another --out"
        raise UserError(file, what, remedy)
    if config.steps < done:
        what = f"is of a run with {done} steps done, and `steps` must be at least as many, got {config.steps}"
        raise UserError(file, what, f"give --steps {done} or more, or choose another --out")


def described(differing: dict[str, tuple[Any, Any]], done: int) -> list[str]:
    """A line per setting that changes as the run goes on after `done` steps."""
    return [
        f"goes on from step {done} with {name} {now} in place of {saved}: {CHANGEABLE[name]}"
        for name, (saved, now) in differing.items()
    ]


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with their names joined, such as "network.width"."""
    result = {}
    for name, value in settings.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return result
