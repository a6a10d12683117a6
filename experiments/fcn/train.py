"""Training from the start, or from the last whole checkpoint, to the end."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grain
import numpy as np

from experiments.fcn.checkpoint import Checkpoints, open_checkpoints, restore
from experiments.fcn.config import Config, check_same_config
from experiments.fcn.evaluate import evaluate
from experiments.fcn.log import Line, Log, read_log
from experiments.fcn.metrics import scores
from experiments.fcn.progress import Progress
from experiments.fcn.saved_model import ARRAYS, DESCRIPTION
from experiments.fcn.state import State, Trainer, draw, make_trainer, train_step
from experiments.fcn.task import Batch, Task
from experiments.files import REMEDY, check_writable, writing
from experiments.problem import Problem

CONFIG, METRICS, CHECKPOINTS = "config.json", "metrics.jsonl", "checkpoints"
SCORES, PREDICTIONS, CURVES, CONFUSION = "scores.json", "predictions.png", "curves.png", "confusion.png"
PAGE = "report.html"
FILES = (CONFIG, METRICS, SCORES, PREDICTIONS, CURVES, CONFUSION, PAGE, ARRAYS, DESCRIPTION)
NOTE_EVERY = 10  # steps
# Batches are made by one thread while the device computes, so that it need not wait.
READING = grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)


class Trained(NamedTuple):
    """The end of a run."""

    trainer: Trainer
    state: State
    task: Task
    log: list[Line]
    config: Config


def train(config: Config, task: Task, folder: Path) -> Trained:
    """Train and leave config.json, metrics.jsonl and checkpoints/ in `folder`.

    Whatever is read is checked before anything is written; `Problem` says what was wrong.
    """
    check_folder(config, folder)
    trainer, state = make_trainer(config, task.signature), draw(config, task.signature)
    step, state = restore(folder / CHECKPOINTS, state) or (0, state)
    if step == config.steps:
        print(f"already trained: {step} steps; scoring again")
    with writing(folder):
        log = open_log(config, folder, step)
        with (
            open_checkpoints(folder / CHECKPOINTS) as checkpoints,
            Progress(config.network.decoder, config.steps, step) as progress,
        ):
            run = Run(config, trainer, task, log, checkpoints, progress)
            state = run.advance(state, step)
    return Trained(trainer, state, task, log.lines, config)


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
    task: Task
    log: Log
    checkpoints: Checkpoints
    progress: Progress

    def advance(self, state: State, first: int) -> State:
        """Take the steps after `first`, with notes, scores and checkpoints on the way."""
        steps = self.config.steps
        began = time.perf_counter() - seconds_spent(self.log.lines)
        for step, batch in zip(range(first + 1, steps + 1), self.batches(first), strict=True):
            state, loss = train_step(self.trainer, state, batch)
            # Reading the loss waits for the step: now and then only, so that the next one is
            # handed over meanwhile.
            if step % NOTE_EVERY == 0 or step == steps:
                self.note(step, float(loss), time.perf_counter() - began)
            if is_due(step, steps, self.config.evaluations):
                self.score(step, state)
            if is_due(step, steps, self.config.checkpoints):
                self.checkpoints.save(step, state)
        return state

    def batches(self, first: int) -> Iterator[Batch]:
        """What the steps after `first` train on."""
        return iter(self.task.batches()[first : self.config.steps].to_iter_dataset(READING))

    def note(self, step: int, loss: float, seconds: float) -> None:
        rate = np.asarray(self.trainer.learning_rate(step - 1)).item()
        self.log.add(step, loss=loss, learning_rate=rate, seconds=round(seconds, 2))
        self.progress.note(step, loss, rate)

    def score(self, step: int, state: State) -> None:
        classes = self.task.classes
        s = scores(evaluate(self.trainer, state, self.task), classes)
        values = {f"{classes.foreground}_iou": s.foreground_iou, "mean_iou": s.mean_iou}
        self.log.add(step, **values)
        text = f"held-out {classes.foreground} IoU {s.foreground_iou:.3f}, mean IoU {s.mean_iou:.3f}"
        self.progress.say(f"step {step}/{self.config.steps}: {text}")


def is_due(step: int, steps: int, times: int) -> bool:
    """Whether something done `times` times, evenly spread and at the end, is done after `step`."""
    return step * times // steps > (step - 1) * times // steps


def seconds_spent(lines: list[Line]) -> float:
    """Training time up to the last line that notes it."""
    return max((line["seconds"] for line in lines if "seconds" in line), default=0.0)
