"""The settings of a run."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tyro

from experiments.errors import check, check_counts, check_seed
from experiments.files import resolve, write_whole

STAGES = 5  # of the encoder

Decoder = Literal["fcn2", "fcn4", "fcn8", "fcn16", "fcn32"]


@dataclass(frozen=True)
class Network:
    """The shape of the network."""

    decoder: Decoder = "fcn8"
    """The decoder: fcn8 adds pool4 and pool3; fcn16 pool4 only, fcn32 none, fcn4 pool2 too, fcn2 pool1 too."""
    width: int = 16
    """Channels of the first stage; the others have 2, 4, 8 and 8 times as many (VGG-16: 64)."""
    depths: tuple[int, ...] = (1, 1, 2, 2, 1)
    """3×3 convolutions in each stage (VGG-16: 2 2 3 3 3)."""
    first_padding: int = 1
    """Padding of the first convolution (the paper's networks: 100)."""
    head_ch: int = 128
    """Channels of conv6 and conv7 (VGG-16: 4096)."""
    head_kernel: int = 3
    """Kernel of conv6 (VGG-16: 7)."""
    dropout: float = 0.0
    """Share of conv6's and conv7's results that is dropped (the paper: 0.5)."""
    score_layers: bool = False
    """Scores add up in the decoder rather than features, by kernels that begin as interpolation (the paper)."""
    decoder_ch: int | None = 128
    """Channels that the skips add up in; None: one per class."""
    overlap: int = 1
    """Last kernel over its strides: 1 touches (the article), 2 overlaps by half (the paper)."""
    normalise: bool = True
    """A batch normalisation after every convolution."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """The dtype of the computation; parameters and loss are float32 all the same."""
    remat: bool = False
    """Compute the encoder's stages again for the gradient: less memory, more time. (On CPUs XLA undoes it.)"""

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check_counts(self, "width", "first_padding", "head_ch", "head_kernel")
        five = len(self.depths) == STAGES and min(self.depths) >= 1
        check(self, "depths", five, f"{STAGES} counts of at least 1")
        check(self, "dropout", 0 <= self.dropout < 1, "in [0, 1)")
        check(self, "decoder_ch", self.decoder_ch is None or self.decoder_ch >= 1, "None or at least 1")
        check(self, "overlap", self.overlap in (1, 2), "1 or 2")


@dataclass(frozen=True)
class Optimizer:
    """The optimiser."""

    kind: Literal["adamw", "sgd"] = "adamw"
    """AdamW, or SGD with momentum (the paper)."""
    learning_rate: float = 4e-3
    """Highest learning rate: reached after the warm-up, then as the schedule has it."""
    schedule: Literal["cosine", "poly", "constant"] = "cosine"
    """After the warm-up: a cosine down to a hundredth, (1 - t/T)^0.9 down to zero, or constant."""
    warm_up: float = 0.1
    """Share of the steps in which the learning rate rises from zero."""
    weight_decay: float = 1e-2
    """Decay of the kernels (not of biases and normalisation); SGD: the factor of an L2 penalty's slope."""
    momentum: float = 0.9
    """Momentum of SGD."""
    clip_norm: float | None = 1.0
    """Greatest norm of the gradient, above which it is scaled down; None: not limited."""
    bias_rate: float = 1.0
    """Learning rate of biases over that of kernels (the paper: 2)."""
    freeze_encoder: bool = False
    """Leave the encoder as it is at the start."""
    fixed_upsampling: bool = False
    """Leave the transposed convolutions as they are at the start."""
    accumulate: int = 1
    """Batches whose gradients are averaged before the parameters change."""
    average: float = 0.0
    """Decay of a running average of the parameters, which is then what is scored (0: none; try 0.999)."""

    def check(self) -> None:
        """Raise ValueError for a setting out of bounds."""
        check(self, "learning_rate", 0 < self.learning_rate < math.inf, "finite and above 0")
        check(self, "warm_up", 0 <= self.warm_up < 1, "in [0, 1)")
        check(self, "weight_decay", 0 <= self.weight_decay < math.inf, "finite and at least 0")
        check(self, "momentum", 0 <= self.momentum < 1, "in [0, 1)")
        check(self, "clip_norm", self.clip_norm is None or self.clip_norm > 0, "None or above 0")
        check(self, "bias_rate", 0 <= self.bias_rate < math.inf, "finite and at least 0")
        check_counts(self, "accumulate")
        check(self, "average", 0 <= self.average < 1, "in [0, 1)")


@dataclass(frozen=True)
class Initial:
    """Parameters to begin with, where they are not drawn at random."""

    encoder: Path | None = None
    """File with a trained VGG-16 (.safetensors, .npz, .h5, .pth); pictures then go through its preprocessing."""
    start_from: Path | None = None
    """Folder of a finished run of a coarser decoder, whose parameters are gone on from."""
    start_checkpoint: Literal["last", "best"] | None = None
    """Which network of the run in --start-from: the last or the best; None: the one in model.safetensors."""

    def __post_init__(self) -> None:
        resolve(self, "encoder", "start_from")

    def check(self) -> None:
        """Raise ValueError for both at once, and for a checkpoint of no run."""
        both = self.encoder is not None and self.start_from is not None
        check(self, "start_from", not both, "left out with `encoder`")
        alone = self.start_checkpoint is not None and self.start_from is None
        check(self, "start_checkpoint", not alone, "left out without `start_from`")


@dataclass(frozen=True)
class Config:
    """The settings of a run: what its parameters and its measurements depend on.

    A run goes on under the settings that it was started with, but for those in `resuming.CHANGEABLE`. A task adds its
    own fields. Raises ValueError for a setting out of bounds.
    """

    seed: int = 0
    """Seed of the parameters, the training data and their order."""
    steps: int = 1_300
    """Batches to train on. More of them for a run that is done or stopped train it longer: the learning-rate schedule
    is stretched to the new total, and goes on from the step reached."""
    batch_size: int = 8
    """Pictures per step."""
    evaluations: int = 5
    """Evaluations of the held-out pictures, evenly spread; the last at the end of training."""
    checkpoints: int = 10
    """Checkpoints of the state, evenly spread; the last at the end of training."""
    patience: int | None = None
    """Evaluations without a better mean IoU after which training ends; None: it does not."""
    class_weights: Literal["equal", "balanced"] | tuple[float, ...] = "equal"
    """Weight of each class's pixels in the loss: balanced is the median class's pixels over the class's own."""
    network: tyro.conf.OmitArgPrefixes[Network] = field(default_factory=Network)
    optimizer: tyro.conf.OmitArgPrefixes[Optimizer] = field(default_factory=Optimizer)
    initial: tyro.conf.OmitArgPrefixes[Initial] = field(default_factory=Initial)

    def __post_init__(self) -> None:
        check_counts(self, "steps", "batch_size", "evaluations", "checkpoints")
        check_seed(self)
        # Not in their own __post_init__: Tyro frames what a nested class raises.
        self.network.check()
        self.optimizer.check()
        self.initial.check()
        check(self, "patience", self.patience is None or self.patience >= 1, "None or at least 1")
        self.check_class_weights()
        accumulate = self.optimizer.accumulate
        check(self, "steps", self.steps % accumulate == 0, f"a multiple of `accumulate` ({accumulate})")

    def check_class_weights(self) -> None:
        weights = self.class_weights
        if not isinstance(weights, str):
            holds = all(0 <= weight < math.inf for weight in weights) and sum(weights) > 0
            check(self, "class_weights", holds, "equal, balanced, or finite numbers of at least 0, not all 0")

    def save(self, file: Path) -> None:
        """Write the fields as JSON."""
        write_whole(file, json.dumps(self.to_json(), indent=2) + "\n")

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON would give them back: no tuples, no paths."""
        return json.loads(json.dumps(dataclasses.asdict(self), default=str))
