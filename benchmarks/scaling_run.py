"""A tiny run for `benchmarks.scaling` and the tests, on the devices and processes that it is told.

It leaves, besides a run's own files, state.npz: every array of the last state, by name.
"""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import grain
import jax
import numpy as np
import tyro

from experiments.command_line import exit_with, guarded
from experiments.fcn import run
from experiments.fcn.checkpoint import by_name
from experiments.fcn.config import Config, Network, Optimizer
from experiments.fcn.machines import Machines, begin
from experiments.fcn.placement import take_whole
from experiments.fcn.processes import is_first
from experiments.fcn.task import EVERY, Batch, Classes, Sample, Signature
from experiments.fcn.train import Trained, train
from jtconv.weights import Preprocessing

SIDE, BLOCK = 32, 8
TINY = Network(decoder="fcn32", width=2, depths=(1, 1, 1, 1, 1), head_ch=8, decoder_ch=8)
CONFIG = Config(
    steps=50,
    batch_size=8,
    evaluations=1,
    checkpoints=1,
    network=TINY,
    optimizer=Optimizer(learning_rate=1e-3, average=0.9),
)


class Blocks:
    """Pictures of coloured blocks; a pixel's class is the strongest colour of its block."""

    classes = Classes(("red", "green", "blue"), ("#cc0000", "#00cc00", "#0000cc"))
    signature = Signature(3, 3, Preprocessing.torch())

    def __init__(self, config: Config, *, terminate_at: int | None = None):
        self.config, self.terminate_at = config, terminate_at
        self.test = [block_sample((1, i)) for i in range(5)]

    def batches(self, rows: slice = EVERY) -> grain.MapDataset[Batch]:
        return grain.MapDataset.range(1, self.config.steps + 1).map(lambda step: self.batch(step, rows))

    def batch(self, step: int, rows: slice) -> Batch:
        if step == self.terminate_at:
            os.kill(os.getpid(), signal.SIGTERM)
        seeds = [(0, self.config.seed, step, row) for row in range(self.config.batch_size)[rows]]
        images, labels, _ = zip(*map(block_sample, seeds), strict=True)
        return Batch(np.stack(images), np.stack(labels))


def block_sample(seed: tuple[int, ...]) -> Sample:
    colours = np.random.default_rng(seed).integers(0, 256, (SIDE // BLOCK, SIDE // BLOCK, 3), dtype=np.uint8)
    image = np.kron(colours, np.ones((BLOCK, BLOCK, 1), np.uint8))
    return Sample(image, image.argmax(-1).astype(np.int32), "blocks")


@dataclass(frozen=True, kw_only=True)
class Command:
    """Train a tiny network."""

    out: Path
    """Folder for the run."""
    terminate_at: int | None = None
    """Send SIGTERM to the last process when its rows of this step are made."""
    config: Annotated[Config, tyro.conf.arg(name="")] = CONFIG
    machines: Annotated[Machines, tyro.conf.arg(name="")] = field(default_factory=Machines)


def execute(args: list[str] | None = None) -> None:
    command = tyro.cli(Command, args=args, prog="python -m benchmarks.scaling_run")
    begin(command.machines)
    run.NOTE_EVERY = 1  # the loss of every step is wanted
    is_last = jax.process_index() == jax.process_count() - 1
    task = Blocks(command.config, terminate_at=command.terminate_at if is_last else None)
    trained = train(command.config, task, command.out, shard_parameters=command.machines.shard_parameters)
    save_state(trained, command.out)


def save_state(trained: Trained, folder: Path) -> None:
    arrays = by_name(take_whole(trained.trainer.placement, trained.state))
    if is_first():
        np.savez(folder / "state.npz", **{name: np.asarray(array) for name, array in arrays.items()})
        print(f"{jax.device_count()} devices, {jax.process_count()} processes")


if __name__ == "__main__":
    exit_with(lambda: guarded(execute))
