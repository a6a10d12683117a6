"""Training from the start, or from the last whole checkpoint, to the end."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError
from experiments.fcn import initial
from experiments.fcn.checkpoint import open_checkpoints, restore
from experiments.fcn.class_weights import class_weights
from experiments.fcn.config import Config, Initial, check_same_config
from experiments.fcn.log import Line, Log, check_installed, is_stopped, open_board, read_log
from experiments.fcn.placement import Placement, find_placement, own_rows, put_state, shaped
from experiments.fcn.processes import agree, is_first, together, wait_for_all
from experiments.fcn.run import Run
from experiments.fcn.saved_model import ARRAYS, DESCRIPTION
from experiments.fcn.state import State, Trainer, abstract_state, draw, make_trainer
from experiments.fcn.stop_signal import listening
from experiments.fcn.task import Task
from experiments.files import REMEDY, check_writable, writing
from experiments.progress import Progress

CONFIG, METRICS, CHECKPOINTS, BEST, BOARD = "config.json", "metrics.jsonl", "checkpoints", "best", "tensorboard"
SCORES, PREDICTIONS, CURVES, CONFUSION = "scores.json", "predictions.png", "curves.png", "confusion.png"
PAGE = "report.html"
RESULTS = (SCORES, PREDICTIONS, CURVES, CONFUSION, PAGE, ARRAYS, DESCRIPTION)
SHARED = "give an --out that all machines see"
FILES = (CONFIG, METRICS, initial.FILE, *RESULTS)


class Trained(NamedTuple):
    """The end of a run."""

    trainer: Trainer
    state: State
    task: Task
    log: list[Line]
    config: Config


def train(
    config: Config, task: Task, folder: Path, *, tensorboard: bool = False, shard_parameters: bool = False
) -> Trained:
    """Train and leave config.json, metrics.jsonl, checkpoints/ and best/ in `folder`.

    Whatever is read is checked before anything is written; `UserError` says what was wrong. The state
    at the end is the best one if there is a `patience`, else the last. All devices of all processes take
    part; each process calls this, with a folder that all of them see. `shard_parameters` cuts the state
    over them, too. On SIGTERM the state is saved, and `Stopped` is raised.
    """
    placement = find_placement(config.batch_size, shard_parameters=shard_parameters)
    with together():
        check_folder(config, folder)
        if tensorboard:
            check_installed()
    check_agreed(folder, shard_parameters=shard_parameters)
    step, trainer, state = start(config, task, folder, placement)
    wait_for_all("all has been read")
    if is_finished(config, folder, step):
        print(f"already trained: {step} steps; scoring again")
    with writing(folder), ExitStack() as stack:
        log = open_log(config, trainer, folder, step)
        if tensorboard and is_first():
            log.listeners.append(stack.enter_context(open_board(folder / BOARD, step)))
        ends = stack.enter_context(listening())  # until the last checkpoint is written
        checkpoints = stack.enter_context(open_checkpoints(folder / CHECKPOINTS))
        best = stack.enter_context(open_checkpoints(folder / BEST, kept=1))
        progress = stack.enter_context(Progress(config.network.decoder, config.steps, step))
        state = Run(config, trainer, task, log, checkpoints, best, progress, ends).advance(state, step)
    if config.patience is not None:
        state = best_state(folder, state)
    return Trained(trainer, state, task, log.lines, config)


def best_state(folder: Path, like: State) -> State:
    """The one with the highest mean IoU. Raises `UserError` if it is gone."""
    restored = restore(folder / BEST, like.scored())
    if restored is None:
        remedy = f"delete {CHECKPOINTS} beside it, and the same command trains again"
        raise UserError(folder / BEST, "does not hold the best state any more", remedy)
    return restored[1]


def start(config: Config, task: Task, folder: Path, placement: Placement | None = None) -> tuple[int, Trainer, State]:
    """The last whole checkpoint, or the beginning, with its step and what goes on from there."""
    restored = restore(folder / CHECKPOINTS, shaped(placement, abstract_state(config, task.signature)))
    step = 0 if restored is None else restored[0]
    # What is scored only needs no weights, for which batches may have to be counted.
    weights = None
    if not is_finished(config, folder, step):
        weights = class_weights(config, task, own_rows(placement, config.batch_size))
    trainer = make_trainer(config, task.signature, weights, placement)
    if restored is None:
        with together():
            state, preprocessing = initial.begin(config, task.signature, trainer, draw(config, task.signature))
        state = put_state(placement, state)
    else:
        state = restored[1]
        own = config.initial == Initial()
        preprocessing = task.signature.preprocessing if own else initial.read_preprocessing(folder)
    return step, trainer._replace(preprocessing=preprocessing), state


def is_finished(config: Config, folder: Path, step: int) -> bool:
    """Whether a run ends with this step."""
    return step == config.steps or is_stopped(read_log(folder / METRICS, step), config.patience)


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
        initial.save_preprocessing(trainer.preprocessing, folder)
    if not (folder / CONFIG).exists():
        config.save(folder / CONFIG)
