"""Train a network on your own pictures."""

import argparse
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.fcn.config import Network, Optimizer
from experiments.fcn.data.config import FolderConfig, Source
from experiments.fcn.data.task import load_task
from experiments.fcn.folder import check_folder, made
from experiments.fcn.machines import Machines, started
from experiments.fcn.network import abstract_network
from experiments.fcn.presets import PRESETS, Preset, PresetName
from experiments.fcn.processes import together
from experiments.fcn.report import report
from experiments.fcn.run import seconds_spent
from experiments.fcn.settings_file import options_of
from experiments.fcn.train import train
from experiments.options import parsed
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
    settings: Annotated[Path | None, tyro.conf.arg(name="config")] = None
    """A run's config.json, whose settings are the defaults; options besides override them."""
    epochs: float | None = None
    """Times to go through the training pictures, in place of --steps."""
    tensorboard: bool = False
    """Write the log for TensorBoard as well."""
    config: Annotated[FolderConfig, tyro.conf.arg(name="")]
    machines: tyro.conf.OmitArgPrefixes[Machines] = dataclasses.field(default_factory=Machines)


def parse(args: list[str], prog: str) -> Train:
    """The command, with the defaults of the preset that `args` name."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--preset", choices=PRESETS, default="small")
    first.add_argument("--config", type=Path)
    found = first.parse_known_args(args)[0]
    if is_given("--steps", args) and is_given("--epochs", args):
        raise ValueError(f"{prog}: --steps and --epochs say the same in two ways: give one of them.")
    if found.config is not None:
        known = FolderConfig(source=Source(data=Path())).to_json()
        replaced = ["--steps"] if is_given("--epochs", args) else []
        args = [*options_of(found.config, known, [*args, *replaced]), *args]
    return parsed(with_defaults(PRESETS[found.preset]), args, prog=prog, description=DESCRIPTION)


def is_given(option: str, args: list[str]) -> bool:
    return any(word.partition("=")[0] == option for word in args)


def with_defaults(preset: Preset) -> type[Train]:
    """`Train`, whose configuration begins with the preset's network and optimiser."""
    fields: list[Any] = [
        ("network", tyro.conf.OmitArgPrefixes[Network], dataclasses.field(default=preset.network)),
        ("optimizer", tyro.conf.OmitArgPrefixes[Optimizer], dataclasses.field(default=preset.optimizer)),
    ]
    options: Any = {"frozen": True, "kw_only": True}
    config = dataclasses.make_dataclass("FolderConfig", fields, bases=(FolderConfig,), **options)
    return dataclasses.make_dataclass(
        "Train", [("config", Annotated[config, tyro.conf.arg(name="")])], bases=(Train,), **options
    )


def run(command: Train) -> None:
    """Train, and report."""
    with started(command.machines):
        train_and_report(command)


def train_and_report(command: Train) -> None:
    config = command.config
    with together():
        if command.epochs is None:  # else the number of steps is not known yet
            check_folder(config, command.out)
        task = load_task(config)
        if command.epochs is not None:
            task.config = config = in_steps(config, command.epochs, len(task.train))
            check_folder(config, command.out)
    print(task.in_words())
    network = abstract_network(config.network, task.signature)
    parameters = summary(network, (1, SIDE, SIDE, task.signature.in_ch)).parameters
    print(f"{config.network.decoder} of {parameters:,} parameters for {len(task.classes.names)} classes")
    how = {"tensorboard": command.tensorboard, "shard_parameters": command.machines.shard_parameters}
    trained = train(config, task, command.out, **how)
    report(trained, command.out)
    print(f"trained in {seconds_spent(trained.log):.0f} s\n{made(command.out)}")


def in_steps(config: FolderConfig, epochs: float, pictures: int) -> FolderConfig:
    """The configuration with as many steps as the epochs take, rounded up to whole changes of the parameters."""
    if not 0 < epochs < float("inf"):
        raise ValueError(f"`--epochs` must be finite and above 0, got {epochs}: 1 goes once through all pictures.")
    each = config.batch_size * config.optimizer.accumulate
    steps = math.ceil(epochs * pictures / each) * config.optimizer.accumulate
    print(f"{epochs:g} epochs of {pictures:,} pictures are {steps:,} steps of {config.batch_size}")
    return dataclasses.replace(config, steps=steps)
