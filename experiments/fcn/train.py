"""Training from the start, or from the last whole checkpoint, to the end."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from experiments.errors import UserError
from experiments.fcn import initial
from experiments.fcn.checkpoint import open_checkpoints, restore
from experiments.fcn.class_weights import class_weights
from experiments.fcn.config import Config, Initial
from experiments.fcn.folder import BEST, BOARD, CHECKPOINTS, METRICS, check_agreed, check_folder, open_log
from experiments.fcn.log import Line, check_installed, is_stopped, open_board, read_log
from experiments.fcn.placement import Placement, find_placement, own_rows, put_state, shaped
from experiments.fcn.processes import is_first, together, wait_for_all
from experiments.fcn.run import Run
from experiments.fcn.state import State, Trainer, abstract_state, draw, make_trainer
from experiments.fcn.stop_signal import listening
from experiments.fcn.task import Task
from experiments.files import writing
from experiments.progress import Progress


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
        print(f"already trained: {step} steps; scoring again{how_to_go_on(config, step)}")
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
    # A finished run is only scored. It needs no weights, and counting batches for them takes long.
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


def how_to_go_on(config: Config, step: int) -> str:
    if step == config.steps:
        return f" (--steps above {step} trains longer)"
    return f" (ended by --patience {config.patience}; a higher one goes on)"
