"""The loop over the steps: notes, scores and checkpoints on the way."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import jax
import numpy as np
from jax import Array

from experiments.errors import Stopped, UserError
from experiments.fcn.checkpoint import Checkpoints
from experiments.fcn.config import Config
from experiments.fcn.evaluate import evaluate
from experiments.fcn.feed import READING, Feed, Spent
from experiments.fcn.log import Line, Log, best_of, is_stopped
from experiments.fcn.metrics import scores
from experiments.fcn.placement import own_rows, put_batch
from experiments.fcn.state import State, Trainer, is_finite, train_step
from experiments.fcn.stop_signal import Ends, never
from experiments.fcn.task import Batch, Task
from experiments.progress import Progress

NOTE_EVERY = 10  # steps
NOTHING = Spent()


@dataclass
class Run:
    """The loop over the steps, with all that it uses and remembers."""

    config: Config
    trainer: Trainer
    task: Task
    log: Log
    checkpoints: Checkpoints
    best: Checkpoints
    progress: Progress
    ends: Ends = never
    losses: dict[int, Array] = field(default_factory=dict)  # by step, since they were last read
    total: Spent = NOTHING  # without the first step, for which programs are compiled
    noted: Spent = NOTHING

    def advance(self, state: State, first: int) -> State:
        """Take the steps after `first`.

        Raises `UserError` where they lead to what is not finite, `Stopped` where the run is asked to end.
        """
        began = time.perf_counter() - seconds_spent(self.log.lines)
        if first == self.config.steps or self.is_stopped():
            return state
        feed = Feed(self.batches(first), partial(put_batch, self.trainer.placement))
        self.progress.compiling()
        for step in range(first + 1, self.config.steps + 1):
            state = self.take_step(step, state, feed)
            if step == first + 1:
                self.progress.compiled(step)
                feed.waited, self.total = 0.0, NOTHING
            self.progress.passed(step)
            if self.is_noted(step):
                self.note(step, time.perf_counter() - began)
            self.keep(step, state)
            if self.is_stopped():
                best = best_of(self.log.lines)
                assert best is not None
                self.progress.say(
                    f"ends at step {step}: the best mean IoU was {best.mean_iou:.3f}, at step {best.step}"
                )
                break
            if self.ends() and step < self.config.steps:
                self.end(step, state)
        if self.total.steps:
            self.progress.say(f"the device waited for data in at most {self.total.waiting:.2%} of the time")
        return state

    def batches(self, first: int) -> Iterator[Batch]:
        """The batches of the steps after `first`, this process's rows of them."""
        rows = own_rows(self.trainer.placement, self.config.batch_size)
        return iter(self.task.batches(rows)[first : self.config.steps].to_iter_dataset(READING))

    def take_step(self, step: int, state: State, feed: Feed) -> State:
        began = time.perf_counter()
        state, loss = train_step(self.trainer, state, feed.take())
        feed.prepare(loss)
        self.losses[step] = loss
        # Reading the loss waits for the step: now and then only, so that the next one is handed over meanwhile.
        if self.is_noted(step) or self.is_scored(step) or self.is_saved(step):
            self.check_losses()
        seconds = self.total.seconds + time.perf_counter() - began
        self.total = Spent(self.total.steps + 1, seconds, feed.waited)
        return state

    def keep(self, step: int, state: State) -> None:
        """Score and save the state, if that is due."""
        if not (self.is_scored(step) or self.is_saved(step)):
            return
        self.check_state(step, state)
        if self.is_scored(step):
            self.score(step, state)
        if self.is_saved(step) or self.is_stopped():
            self.save(step, state)

    def save(self, step: int, state: State) -> None:
        self.best.finish()  # a run goes on after a checkpoint: what is scored up to there must be on disk
        self.checkpoints.save(step, state)

    def end(self, step: int, state: State) -> None:
        """Save the state and end the run before its time."""
        self.check_losses()
        self.check_state(step, state)
        self.save(step, state)
        self.checkpoints.finish()
        self.progress.say(
            f"step {step}/{self.config.steps}: asked to end by SIGTERM; the same command goes on from here"
        )
        raise Stopped

    # --- when what is due

    def is_noted(self, step: int) -> bool:
        return step % NOTE_EVERY == 0 or step == self.config.steps

    def is_scored(self, step: int) -> bool:
        return is_due(step, self.config.steps, self.config.evaluations)

    def is_saved(self, step: int) -> bool:
        return is_due(step, self.config.steps, self.config.checkpoints)

    def is_stopped(self) -> bool:
        return is_stopped(self.log.lines, self.config.patience)

    # --- what is due

    def check_losses(self) -> None:
        """Raise `UserError` at the first of them that is not finite; the last is kept."""
        for step, value in jax.device_get(self.losses).items():
            if not np.isfinite(value):
                raise self.diverged(step, f"the loss is {value}")
            self.losses = {step: value}

    def check_state(self, step: int, state: State) -> None:
        if not is_finite(state):
            raise self.diverged(step, "the parameters are not finite")

    def diverged(self, step: int, what: str) -> UserError:
        last = self.checkpoints.newest()
        remedy = "choose another --out, with a lower --learning-rate or a lower --clip-norm"
        if last is None:
            return UserError(self.checkpoints.folder, f"is without a checkpoint, as {what} at step {step}", remedy)
        return UserError(last, f"is the last good checkpoint, as {what} at step {step}", remedy)

    def note(self, step: int, seconds: float) -> None:
        loss = np.asarray(self.losses[step]).item()
        rate = np.asarray(self.trainer.learning_rate((step - 1) // self.config.optimizer.accumulate)).item()
        lap, self.noted = self.total.since(self.noted), self.total
        self.log.add(step, loss=loss, learning_rate=rate, seconds=round(seconds, 2), waiting=round(lap.waiting, 4))
        pictures = None if lap.speed is None else lap.speed * self.config.batch_size
        self.progress.note(step, loss, rate, pictures)

    def score(self, step: int, state: State) -> None:
        classes = self.task.classes
        s = scores(evaluate(self.trainer, state, self.task), classes)
        values = {f"{classes.foreground}_iou": s.foreground_iou, "mean_iou": s.mean_iou}
        self.log.add(step, **values)
        foreground = "" if classes.background is None else f"{classes.foreground} IoU {s.foreground_iou:.3f}, "
        self.progress.say(f"step {step}/{self.config.steps}: held-out {foreground}mean IoU {s.mean_iou:.3f}")
        best = best_of(self.log.lines)
        if best is not None and best.step == step:
            self.best.save(step, state.scored())


def is_due(step: int, steps: int, times: int) -> bool:
    """Whether something done `times` times, evenly spread and at the end, is done after `step`."""
    return step * times // steps > (step - 1) * times // steps


def seconds_spent(lines: list[Line]) -> float:
    """Training time up to the last line that notes it."""
    return max((line["seconds"] for line in lines if "seconds" in line), default=0.0)
