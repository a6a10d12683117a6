"""The folder of a run: its files, and whether a run may begin or go on in it."""

import json
from pathlib import Path
from typing import Any

from experiments.errors import UserError, as_user_error
from experiments.fcn.config import Config, Initial
from experiments.fcn.initial import FILE as PREPROCESSING
from experiments.fcn.initial import check_encoder, save_preprocessing
from experiments.fcn.log import Log, read_log
from experiments.fcn.processes import agree, is_first, together, wait_for_all
from experiments.fcn.saved_model import ARRAYS, BEST_ARRAYS, DESCRIPTION
from experiments.fcn.state import Trainer
from experiments.files import REMEDY, check_writable, writing

CONFIG, METRICS, CHECKPOINTS, BEST, BOARD = "config.json", "metrics.jsonl", "checkpoints", "best", "tensorboard"
SCORES, PREDICTIONS, CURVES, CONFUSION = "scores.json", "predictions.png", "curves.png", "confusion.png"
PAGE = "report.html"
RESULTS = (SCORES, PREDICTIONS, CURVES, CONFUSION, PAGE, ARRAYS, BEST_ARRAYS, DESCRIPTION)
SHARED = "give an --out that all machines see"
FILES = (CONFIG, METRICS, PREPROCESSING, *RESULTS)


def made(folder: Path) -> str:
    """What a finished run has left, for its last lines."""
    what = {
        PAGE: "the report: open it in a browser",
        PREDICTIONS: "held-out pictures, their masks and what the network finds",
        SCORES: "every score",
        ARRAYS: "the network: `predict` and jtconv.models.load take the folder",
    }
    width = max(len(str(folder / name)) for name in what)
    return "\n".join(f"  {folder / name!s:{width}}  {words}" for name, words in what.items())


def check_folder(config: Config, folder: Path) -> None:
    """The folder is new, or holds a run with this configuration; and results can be written to it."""
    with writing(folder):
        check_writable(folder)
        for file in (folder / name for name in FILES):
            if file.exists() and not file.is_file():
                raise UserError(file, "is not a file", REMEDY)
        config_file, checkpoints = folder / CONFIG, folder / CHECKPOINTS
        for each in (checkpoints, folder / BEST):
            if each.exists() and not each.is_dir():
                raise UserError(each, "is not a folder", REMEDY)
        if config_file.exists():
            check_same_config(config, config_file)
        elif checkpoints.exists():
            raise UserError(config_file, "is missing beside checkpoints", REMEDY)
        elif config.initial.encoder is not None:  # before all masks are read
            check_encoder(config.initial.encoder)


def check_agreed(folder: Path, *, shard_parameters: bool) -> None:
    """All processes are to go on from the same step, in the same way."""
    if not agree(int(shard_parameters)):
        raise ValueError("`shard_parameters` must be given to all processes or to none.")
    newest = max((int(path.name) for path in (folder / CHECKPOINTS).glob("*") if path.name.isdigit()), default=0)
    if not agree(newest):
        raise UserError(folder / CHECKPOINTS, "is not the same to all processes", SHARED)


def open_log(config: Config, trainer: Trainer, folder: Path, step: int) -> Log:
    """The folder and its config.json, made if need be, and the metrics up to `step`."""
    lines = read_log(folder / METRICS, step)
    if is_first():
        save_settings(config, trainer, folder)
    wait_for_all("the folder is there")
    with together():
        if not (folder / CONFIG).exists():
            raise UserError(folder / CONFIG, "is not to be seen by all processes", SHARED)
        check_same_config(config, folder / CONFIG)
    return Log(folder / METRICS, lines)


def save_settings(config: Config, trainer: Trainer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if config.initial != Initial():
        save_preprocessing(trainer.preprocessing, folder)
    if not (folder / CONFIG).exists():
        config.save(folder / CONFIG)


def check_same_config(config: Config, file: Path) -> None:
    """Raise `UserError` if `file` holds the configuration of another run."""
    now = flat(config.to_json())
    with as_user_error(file, "is not a configuration", "delete its folder, or choose another --out"):
        saved = flat(json.loads(file.read_text(encoding="utf-8")))
    differing = [
        f"{name} (saved {saved.get(name)!r}, now {now.get(name)!r})"
        for name in sorted(saved.keys() | now.keys())
        if saved.get(name) != now.get(name)
    ]
    if differing:
        what = "is of a run with other settings: " + ", ".join(differing)
        raise UserError(file, what, "use the saved settings, or choose another --out")


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with their names joined, such as "network.width"."""
    result = {}
    for name, value in settings.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return result
