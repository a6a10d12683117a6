"""The folder of a run: its files, and whether a run may begin or go on in it."""

import shutil
from pathlib import Path

from experiments.errors import UserError
from experiments.fcn.config import Config, Initial
from experiments.fcn.initial import FILE as PREPROCESSING
from experiments.fcn.initial import check_given, save_preprocessing
from experiments.fcn.log import Log, read_log
from experiments.fcn.processes import agree, is_first, together, wait_for_all
from experiments.fcn.resuming import check_goes_on, described, differences, newest_step
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
    """List the files of a finished run, for its last lines."""
    what = {
        PAGE: "the report: open it in a browser",
        PREDICTIONS: "held-out pictures, their masks and what the network finds",
        SCORES: "every score",
        ARRAYS: "the network: `predict` and jtconv.models.load take the folder",
    }
    width = max(len(str(folder / name)) for name in what)
    return "\n".join(f"  {folder / name!s:{width}}  {words}" for name, words in what.items())


def check_folder(config: Config, folder: Path) -> None:
    """The folder is new, or holds a run that can go on with this configuration; and results can be written to it."""
    with writing(folder):
        check_writable(folder)
        for file in (folder / name for name in FILES):
            if file.exists() and not file.is_file():
                raise UserError(file, "is not a file", REMEDY)
        config_file, checkpoints = folder / CONFIG, folder / CHECKPOINTS
        for each in (checkpoints, folder / BEST):
            if each.exists() and not each.is_dir():
                raise UserError(each, "is not a folder", REMEDY)
        if not is_begun(folder):
            check_given(config.initial)
            return
        if config_file.exists():
            check_goes_on(config, config_file, newest_step(checkpoints))
        else:
            raise UserError(config_file, "is missing beside checkpoints", REMEDY)


def check_agreed(folder: Path, *, shard_parameters: bool) -> None:
    """All processes are to go on from the same step, in the same way."""
    if not agree(int(shard_parameters)):
        raise ValueError("`shard_parameters` must be given to all processes or to none.")
    if not agree(newest_step(folder / CHECKPOINTS)):
        raise UserError(folder / CHECKPOINTS, "is not the same to all processes", SHARED)


def is_begun(folder: Path) -> bool:
    """Whether something has been learned: there is a checkpoint, or the scores at the end."""
    return newest_step(folder / CHECKPOINTS) > 0 or (folder / SCORES).exists()


def open_log(config: Config, trainer: Trainer, folder: Path, step: int) -> Log:
    """The folder and its config.json, made if need be, and the metrics up to `step`."""
    lines = read_log(folder / METRICS, step)
    changed = differences(config, folder / CONFIG) if is_begun(folder) and (folder / CONFIG).exists() else {}
    if changed and newest_step(folder / BEST) > step:
        # Those steps will be other ones now, and what was best before them is not kept.
        lines = [line for line in lines if "mean_iou" not in line]
    wait_for_all("the settings have been read")
    if is_first():
        save_settings(config, trainer, folder, step)
    wait_for_all("the folder is there")
    with together():
        if not (folder / CONFIG).exists():
            raise UserError(folder / CONFIG, "is not to be seen by all processes", SHARED)
        check_goes_on(config, folder / CONFIG, step)
    for line in described(changed, step):
        print(line)
    return Log(folder / METRICS, lines)


def save_settings(config: Config, trainer: Trainer, folder: Path, step: int) -> None:
    """Write config.json; where settings have changed, delete what the others had led to after `step`."""
    folder.mkdir(parents=True, exist_ok=True)
    if config.initial != Initial():
        save_preprocessing(trainer.preprocessing, folder)
    file = folder / CONFIG
    if not file.exists() or not is_begun(folder) or differences(config, file):
        if newest_step(folder / BEST) > step:
            shutil.rmtree(folder / BEST)
        config.save(file)
