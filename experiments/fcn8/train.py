"""Training from the start, or from the last whole checkpoint, to the end."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.fcn8.checkpoint import Checkpoints, open_checkpoints, restore
from experiments.fcn8.config import Config, check_same_config
from experiments.fcn8.data import Data, load_data
from experiments.fcn8.evaluate import evaluate
from experiments.fcn8.files import REMEDY, check_writable, writing
from experiments.fcn8.log import Line, Log, read_log
from experiments.fcn8.metrics import scores
from experiments.fcn8.problem import Problem
from experiments.fcn8.progress import Progress
from experiments.fcn8.state import State, Trainer, draw, make_trainer, train_step

CONFIG, METRICS, CHECKPOINTS = "config.json", "metrics.jsonl", "checkpoints"
SCORES, PREDICTIONS, CURVES, CONFUSION = "scores.json", "predictions.png", "curves.png", "confusion.png"
FILES = (CONFIG, METRICS, SCORES, PREDICTIONS, CURVES, CONFUSION)
NOTE_EVERY = 10  # steps


class Trained(NamedTuple):
    """The end of a run."""

    trainer: Trainer
    state: State
    data: Data
    log: list[Line]


def train(config: Config, folder: Path) -> Trained:
    """Train and leave config.json, metrics.jsonl and checkpoints/ in `folder`.

    Whatever is read is checked before anything is written; `Problem` says what was wrong.
    """
    data = load_data(config)
    check_folder(config, folder)
    trainer, state = make_trainer(config), draw(config)
    step, state = restore(folder / CHECKPOINTS, state) or (0, state)
    if step == config.steps:
        print(f"already trained: {step} steps; scoring again")
    with writing(folder):
        log = open_log(config, folder, step)
        with (
            open_checkpoints(folder / CHECKPOINTS) as checkpoints,
            Progress(config.decoder, config.steps, step) as progress,
        ):
            run = Run(config, trainer, data, log, checkpoints, progress)
            state = run.advance(state, step)
    return Trained(trainer, state, data, log.lines)


def check_folder(config: Config, folder: Path) -> None:
    """The folder is new, or holds a run with this configuration; and results can be written to it."""
    with writing(folder):
        check_writable(folder)
        for file in (folder / name for name in FILES):
            if file.exists() and not file.is_file():
                raise Problem(file, "is not a file", REMEDY)
        config_file, checkpoints = folder / CONFIG, folder / CHECKPOINTS
        if checkpoints.exists() and not checkpoints.is_dir():
            raise Problem(checkpoints, "is not a folder", REMEDY)
        if config_file.exists():
            check_same_config(config, config_file)
        elif checkpoints.exists():
            raise Problem(config_file, "is missing beside checkpoints", REMEDY)


def open_log(config: Config, folder: Path, step: int) -> Log:
    """The folder and its config.json, made if need be, and the metrics up to `step`."""
    lines = read_log(folder / METRICS, step)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / CONFIG).exists():
        config.save(folder / CONFIG)
    return Log(folder / METRICS, lines)


class Run(NamedTuple):
    """What the loop works with."""

    config: Config
    trainer: Trainer
    data: Data
    log: Log
    checkpoints: Checkpoints
    progress: Progress

    def advance(self, state: State, first: int) -> State:
        """Take the steps after `first`, with notes, scores and checkpoints on the way."""
        steps = self.config.steps
        began = time.perf_counter() - seconds_spent(self.log.lines)
        for step in range(first + 1, steps + 1):
            state, loss = train_step(self.trainer, state, self.data.batch(step))
            # Reading the loss waits for the step: now and then only, so that composing the next
            # batch overlaps with computing this one.
            if step % NOTE_EVERY == 0 or step == steps:
                self.note(step, float(loss), time.perf_counter() - began)
            if is_due(step, steps, self.config.evaluations):
                self.score(step, state)
            if is_due(step, steps, self.config.checkpoints):
                self.checkpoints.save(step, state)
        return state

    def note(self, step: int, loss: float, seconds: float) -> None:
        rate = np.asarray(self.trainer.learning_rate(step - 1)).item()
        self.log.add(step, loss=loss, learning_rate=rate, seconds=round(seconds, 2))
        self.progress.note(step, loss, rate)

    def score(self, step: int, state: State) -> None:
        s = scores(evaluate(self.trainer, state, self.data.test))
        self.log.add(step, digit_iou=s.digit_iou, mean_iou=s.mean_iou)
        self.progress.say(
            f"step {step}/{self.config.steps}: held-out digit IoU {s.digit_iou:.3f}, mean IoU {s.mean_iou:.3f}"
        )


def is_due(step: int, steps: int, times: int) -> bool:
    """Whether something done `times` times, evenly spread and at the end, is done after `step`."""
    return step * times // steps > (step - 1) * times // steps


def seconds_spent(lines: list[Line]) -> float:
    """Training time up to the last line that notes it."""
    return max((line["seconds"] for line in lines if "seconds" in line), default=0.0)
