"""Train a network on your own pictures."""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.fcn.config import Network, Optimizer
from experiments.fcn.data.config import FolderConfig
from experiments.fcn.data.task import load_task
from experiments.fcn.folder import check_folder
from experiments.fcn.machines import Machines, started
from experiments.fcn.network import abstract_network
from experiments.fcn.presets import PRESETS, Preset, PresetName
from experiments.fcn.processes import together
from experiments.fcn.report import report
from experiments.fcn.run import seconds_spent
from experiments.fcn.train import train
from jtconv.models import summary

DESCRIPTION = """\
Train a fully convolutional network on pictures and masks in a folder.

A run that is stopped goes on from its last checkpoint when the same command is given again.
It leaves in --out: config.json, metrics.jsonl, checkpoints/ (the newest), best/ (the highest mean IoU), a report, and
what `predict` takes: model.json with model.safetensors (the last, or the best if the run ends early by itself) and
model_best.safetensors (the best, where that is another).

  python -m experiments.fcn train --data pictures --out runs/first
  python -m experiments.fcn train --data VOC2012 --preset paper --encoder vgg16.safetensors --out runs/voc
"""
SIDE = 224  # of the picture that the network is counted for; parameters do not depend on it


@dataclass(frozen=True, kw_only=True)
class Train:
    """The run to train, and the folder for its results."""

    out: Path
    """Folder for the results; made if need be."""
    preset: PresetName = "small"
    """Defaults, which what is given besides overrides: a narrow FCN-8; VGG-16 as in the article; as in the paper."""
    tensorboard: bool = False
    """Write the log for TensorBoard as well."""
    config: Annotated[FolderConfig, tyro.conf.arg(name="")]
    machines: Annotated[Machines, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Machines)


def parse(args: list[str], prog: str) -> Train:
    """The command, with the defaults of the preset that `args` name."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", choices=PRESETS, default="small")
    preset = PRESETS[first.parse_known_args(args)[0].preset]
    return tyro.cli(with_defaults(preset), args=args, prog=prog, description=DESCRIPTION)


def with_defaults(preset: Preset) -> type[Train]:
    """`Train`, whose configuration begins with the preset's network and optimiser."""
    inline = tyro.conf.arg(name="")
    fields: list[Any] = [
        ("network", Annotated[Network, inline], dataclasses.field(default=preset.network)),
        ("optimizer", Annotated[Optimizer, inline], dataclasses.field(default=preset.optimizer)),
    ]
    options: Any = {"frozen": True, "kw_only": True}
    config = dataclasses.make_dataclass("FolderConfig", fields, bases=(FolderConfig,), **options)
    return dataclasses.make_dataclass("Train", [("config", Annotated[config, inline])], bases=(Train,), **options)


def run(command: Train) -> None:
    """Train, and report."""
    with started(command.machines):
        train_and_report(command)


def train_and_report(command: Train) -> None:
    config = command.config
    with together():
        check_folder(config, command.out)
        task = load_task(config)
    print(task.in_words())
    network = abstract_network(config.network, task.signature)
    parameters = summary(network, (1, SIDE, SIDE, task.signature.in_ch)).parameters
    print(f"{config.network.decoder} of {parameters:,} parameters for {len(task.classes.names)} classes")
    how = {"tensorboard": command.tensorboard, "shard_parameters": command.machines.shard_parameters}
    trained = train(config, task, command.out, **how)
    report(trained, command.out)
    print(f"trained in {seconds_spent(trained.log):.0f} s; everything is in {command.out}")
