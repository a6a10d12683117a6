"""Command line: python -m experiments.fcn8 --help."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from experiments.command_line import exit_with, guarded
from experiments.fcn.folder import check_folder, made
from experiments.fcn.machines import Machines, started
from experiments.fcn.network import NETWORKS, abstract_network
from experiments.fcn.processes import together
from experiments.fcn.report import report
from experiments.fcn.run import seconds_spent
from experiments.fcn.train import train
from experiments.fcn8.config import Config
from experiments.fcn8.data import DigitTask
from experiments.fcn8.scenes import HEIGHT, WIDTH
from experiments.options import parsed
from jtconv.models import summary

DESCRIPTION = """\
Train a small FCN-8 to find and name handwritten digits, pixel by pixel.

A scene is 64x84 pixels with up to three real digits (scikit-learn's; the test shows digits
from other forms than training); each pixel is one of ten digits or background. The network is a narrow VGG
encoder whose scores are brought back to full size by transposed convolutions.

A run that is stopped goes on from its last checkpoint when the same command is given again.
It leaves in --out: config.json, metrics.jsonl, scores.json, checkpoints/, the pictures predictions.png, curves.png and
confusion.png, and what `python -m experiments.fcn predict` takes: model.json with model.safetensors (the last, or the
best if the run ends early by itself) and model_best.safetensors (the best, where that is another).

  python -m experiments.fcn8
  python -m experiments.fcn8 --seed 1 --out runs/seed1
  python -m experiments.fcn8 --compare --out runs/compare
  python -m experiments.fcn8 --data ~/m2nist --out runs/m2nist
"""


@dataclass(frozen=True)
class Command:
    """The run to train, and the folder for its results."""

    out: Path = Path("runs/fcn8")
    """Folder for the results; made if need be."""
    compare: bool = False
    """Train all five decoders on the same budget, in folders below --out, and print one table."""
    tensorboard: bool = False
    """Write the log for TensorBoard as well."""
    config: Annotated[Config, tyro.conf.arg(name="")] = field(default_factory=Config)
    machines: tyro.conf.OmitArgPrefixes[Machines] = field(default_factory=Machines)


def main(args: list[str] | None = None) -> int:
    """Run the command line; see `guarded` for the exit status."""
    return guarded(lambda: execute(args))


def execute(args: list[str] | None) -> None:
    command = parsed(Command, args, prog="python -m experiments.fcn8", description=DESCRIPTION)
    how = {"tensorboard": command.tensorboard, "shard_parameters": command.machines.shard_parameters}
    with started(command.machines):
        compare(command, **how) if command.compare else run(command.config, command.out, **how)


def run(config: Config, folder: Path, **how: bool) -> str:
    """Train, report, and return the run's row of the comparison; `how` is what `train` takes."""
    print(summary(abstract_network(config.network, DigitTask.signature), (1, HEIGHT, WIDTH, 1)))
    with together():
        task = DigitTask(config)
    trained = train(config, task, folder, **how)
    result = report(trained, folder)
    seconds = seconds_spent(trained.log)
    print(f"trained in {seconds:.0f} s\n{made(folder)}")
    return f"{config.network.decoder:8} {result.foreground_iou:9.4f} {result.mean_iou:8.4f} {seconds:8.0f} s"


def compare(command: Command, **how: bool) -> None:
    """Train every decoder with the same configuration otherwise; one table at the end."""
    config = command.config
    configs = [replace(config, network=replace(config.network, decoder=name)) for name in reversed(NETWORKS)]
    folders = [command.out / config.network.decoder for config in configs]
    with together():
        for config, folder in zip(configs, folders, strict=True):  # rather than hours later
            check_folder(config, folder)
    rows = [run(config, folder, **how) for config, folder in zip(configs, folders, strict=True)]
    print("\n".join(["decoder  digit IoU mean IoU training", *rows]))


if __name__ == "__main__":
    exit_with(main)
