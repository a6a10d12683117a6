"""What a run is made of, and the file that says so."""

import dataclasses
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from experiments.fcn8.files import write_whole
from experiments.fcn8.problem import Problem
from experiments.fcn8.scenes import Augmentation

STAGES = 5  # of the encoder
COUNTS = (
    *("steps", "batch_size", "width", "head_ch", "decoder_ch"),
    *("test_scenes", "evaluations", "checkpoints"),
)

Decoder = Literal["fcn8", "fcn16", "fcn32"]


@dataclass(frozen=True)
class Config:
    """The settings of a run: what its parameters and its measurements depend on.

    A run goes on under the settings that it was started with, and under no others.
    Raises ValueError for a setting out of bounds.
    """

    seed: int = 0
    """Seed of the parameters, the training scenes and their order."""
    decoder: Decoder = "fcn8"
    """Which decoder: fcn8 adds pool4 and pool3, fcn16 pool4 only, fcn32 none."""
    data: Path | None = None
    """Folder with M2NIST's combined.npy and segmented.npy; scenes of real digits if left out."""

    steps: int = 1_300
    """Optimiser steps."""
    batch_size: int = 8
    """Scenes per step."""
    learning_rate: float = 4e-3
    """Highest learning rate: reached after the warm-up, then decayed along a cosine."""
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 1e-2
    """AdamW's decay of the kernels (not of biases and normalisation)."""
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(rotation=0.15, shear=0.15, stretch=0.15, shift=0.5)
    )

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

    test_scenes: int = 300
    """Held-out scenes."""
    evaluations: int = 5
    """How often the held-out scenes are scored on the way; the end of training is the last."""
    checkpoints: int = 10
    """How often the state is saved on the way; the end of training is the last."""

    def __post_init__(self) -> None:
        if self.data is not None:  # the same folder from wherever the command is given
            object.__setattr__(self, "data", Path(os.path.realpath(self.data)))
        for name in COUNTS:
            self.check(name, getattr(self, name) >= 1, "at least 1")
        self.check("seed", 0 <= self.seed < 2**32, "in [0, 2**32)")  # JAX drops higher bits
        self.check("learning_rate", 0 < self.learning_rate < math.inf, "finite and above 0")
        self.check("warm_up", 0 <= self.warm_up < 1, "in [0, 1)")
        self.check("weight_decay", 0 <= self.weight_decay < math.inf, "finite and at least 0")
        five = len(self.depths) == STAGES and min(self.depths) >= 1
        self.check("depths", five, f"{STAGES} counts of at least 1")
        self.check("overlap", self.overlap in (1, 2), "1 or 2")
        # Not in Augmentation's own __post_init__: Tyro frames what a nested class raises.
        self.augmentation.check()

    def check(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"`{name}` must be {rule}, got {getattr(self, name)!r}.")

    def save(self, file: Path) -> None:
        """Write the fields as JSON."""
        write_whole(file, json.dumps(self.to_json(), indent=2) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON would give them back: no tuples, no paths."""
        return json.loads(json.dumps(dataclasses.asdict(self), default=str))


def check_same_config(config: Config, file: Path) -> None:
    """Raise `Problem` if `file` holds the configuration of another run."""
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        names = sorted(saved.keys() | config.to_json().keys())
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise Problem(file, "is not a configuration", "delete its folder, or choose another --out") from error
    differing = [
        f"{name} (saved {saved.get(name)!r}, now {config.to_json().get(name)!r})"
        for name in names
        if saved.get(name) != config.to_json().get(name)
    ]
    if differing:
        what = "is of a run with other settings: " + ", ".join(differing)
        raise Problem(file, what, "use the saved settings, or choose another --out")
