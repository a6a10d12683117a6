"""Command line: python -m experiments.mosaic --help."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from numpy.typing import NDArray

from experiments.command_line import exit_with, guarded
from experiments.fcn.machines import Machines, started
from experiments.fcn.metrics import confusion_matrix, scores
from experiments.fcn.report import report
from experiments.fcn.run import seconds_spent
from experiments.fcn.train import train
from experiments.mosaic.data import Config, MosaicTask
from experiments.options import parsed

DESCRIPTION = """\
Train a small FCN to tell, pixel by pixel, which of eight photographs a mosaic's pieces were cut from.

The photographs are real, and ship inside scikit-image and scikit-learn. Mosaics to train on are cut
from their left parts, held-out ones from their right parts, so that no pixel is in both.

  python -m experiments.mosaic
  python -m experiments.mosaic --decoder fcn4 --steps 1200 --out runs/mosaic4
"""
LEVELS = 16  # per channel
BATCHES = 100


@dataclass(frozen=True)
class Command:
    """The run to train, and the folder for its results."""

    out: Path = Path("runs/mosaic")
    """Folder for the results; made if need be."""
    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)
    machines: tyro.conf.OmitArgPrefixes[Machines] = field(default_factory=Machines)


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return guarded(lambda: execute(args))


def execute(args: list[str] | None) -> None:
    command = parsed(Command, args, prog="python -m experiments.mosaic", description=DESCRIPTION)
    with started(command.machines):
        task = MosaicTask(command.config)
        trained = train(command.config, task, command.out, shard_parameters=command.machines.shard_parameters)
        report(trained, command.out)
        by_colour = scores(colour_confusion(task), task.classes)
        print(f"by colour alone: mean IoU {by_colour.mean_iou:.4f}   pixel accuracy {by_colour.pixel_accuracy:.4f}")
        print(f"trained in {seconds_spent(trained.log):.0f} s; everything is in {command.out}")


def colour_confusion(task: MosaicTask) -> NDArray[np.int64]:
    """The confusion matrix if each held-out pixel is given its colour's most frequent class in training."""
    counts = np.ones((LEVELS**3, task.signature.num_classes), np.int64)
    for step in range(1, BATCHES + 1):
        batch = task.batch(step)
        np.add.at(counts, (colour(batch.images).ravel(), batch.labels.ravel()), 1)
    likeliest = counts.argmax(-1).astype(np.int32)
    n = counts.shape[1]
    guesses = (confusion_matrix(sample.labels, likeliest[colour(sample.image)], n) for sample in task.test)
    return sum(guesses, np.zeros((n, n), np.int64))


def colour(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The number (…) of the colour (…, 3), of LEVELS³."""
    red, green, blue = np.moveaxis(image.astype(np.int64) * LEVELS // 256, -1, 0)
    return (red * LEVELS + green) * LEVELS + blue


if __name__ == "__main__":
    exit_with(main)
