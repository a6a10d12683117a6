"""What a run is made of, and the file that says so."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from experiments.files import write_whole
from experiments.problem import Problem

STAGES = 5  # of the encoder

Decoder = Literal["fcn8", "fcn16", "fcn32"]


def check(settings: Any, name: str, holds: bool, rule: str) -> None:
    """Raise ValueError unless `rule` holds of the field `name` of `settings`."""
    if not holds:
        raise ValueError(f"`{name}` must be {rule}, got {getattr(settings, name)!r}.")


def check_counts(settings: Any, *names: str) -> None:
    for name in names:
        check(settings, name, getattr(settings, name) >= 1, "at least 1")


@dataclass(frozen=True)
class Network:
    """The shape of the network."""

    decoder: Decoder = "fcn8"
    """Which decoder: fcn8 adds pool4 and pool3, fcn16 pool4 only, fcn32 none."""
    width: int = 16
    """Channels of the first stage; the others have 2, 4, 8 and 8 times as many."""
    depths: tuple[int, ...] = (1, 1, 2, 2, 1)
    """3×3 convolutions in each stage (VGG-16: 2 2 3 3 3)."""
    head_ch: int = 128
    """Channels of conv6 and conv7."""
    decoder_ch: int = 128
    """Channels that the skips add up in."""
    overlap: int = 1
    """Last kernel over its strides: 1 touches (the article), 2 overlaps by half (Berkeley)."""

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check_counts(self, "width", "head_ch", "decoder_ch")
        five = len(self.depths) == STAGES and min(self.depths) >= 1
        check(self, "depths", five, f"{STAGES} counts of at least 1")
        check(self, "overlap", self.overlap in (1, 2), "1 or 2")


@dataclass(frozen=True)
class Optimizer:
    """How the parameters are changed."""

    learning_rate: float = 4e-3
    """Highest learning rate: reached after the warm-up, then decayed along a cosine."""
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 1e-2
    """AdamW's decay of the kernels (not of biases and normalisation)."""

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check(self, "learning_rate", 0 < self.learning_rate < math.inf, "finite and above 0")
        check(self, "warm_up", 0 <= self.warm_up < 1, "in [0, 1)")
        check(self, "weight_decay", 0 <= self.weight_decay < math.inf, "finite and at least 0")


@dataclass(frozen=True)
class Config:
    """The settings of a run: what its parameters and its measurements depend on.

    A run goes on under the settings that it was started with, and under no others. A task adds its
    own fields. Raises ValueError for a setting out of bounds.
    """

    seed: int = 0
    """Seed of the parameters, the training data and their order."""
    steps: int = 1_300
    """Optimiser steps."""
    batch_size: int = 8
    """Pictures per step."""
    evaluations: int = 5
    """How often the held-out pictures are scored on the way; the end of training is the last."""
    checkpoints: int = 10
    """How often the state is saved on the way; the end of training is the last."""
    network: Annotated[Network, tyro.conf.arg(name="")] = field(default_factory=Network)
    optimizer: Annotated[Optimizer, tyro.conf.arg(name="")] = field(default_factory=Optimizer)

    def __post_init__(self) -> None:
        check_counts(self, "steps", "batch_size", "evaluations", "checkpoints")
        check(self, "seed", 0 <= self.seed < 2**32, "in [0, 2**32)")  # JAX drops higher bits
        # Not in their own __post_init__: Tyro frames what a nested class raises.
        self.network.check()
        self.optimizer.check()

    def save(self, file: Path) -> None:
        """Write the fields as JSON."""
        write_whole(file, json.dumps(self.to_json(), indent=2) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON would give them back: no tuples, no paths."""
        return json.loads(json.dumps(dataclasses.asdict(self), default=str))


def check_same_config(config: Config, file: Path) -> None:
    """Raise `Problem` if `file` holds the configuration of another run."""
    now = flat(config.to_json())
    try:
        saved = flat(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise Problem(file, "is not a configuration", "delete its folder, or choose another --out") from error
    differing = [
        f"{name} (saved {saved.get(name)!r}, now {now.get(name)!r})"
        for name in sorted(saved.keys() | now.keys())
        if saved.get(name) != now.get(name)
    ]
    if differing:
        what = "is of a run with other settings: " + ", ".join(differing)
        raise Problem(file, what, "use the saved settings, or choose another --out")


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with their names joined, such as "network.width"."""
    result = {}
    for name, value in settings.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return result
