"""Every feature of the chosen pools: its strongest activations, each alone projected to pixels, and what lies there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError, check, check_counts
from experiments.fcn.config import STAGES
from experiments.fcn.saved_model import From
from experiments.fcn8.digits import NUM_DIGITS
from experiments.inside.project import Stages, project_all, strongest
from experiments.inside.trained import Trained

POOL = 2  # kernel and strides of every pool
NONE = -1  # a projection that touches no digit
DRAWS = 1000


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    run: Path = Path("runs/fcn8")
    """Folder of a finished run of experiments.fcn8."""
    from_: From = None
    stages: tuple[int, ...] = (2, 3, 4, 5)
    """The pools whose features are shown, 1 to 5."""
    features: int = 3
    """Features of each pool: those whose strongest activations are the largest on average."""
    patches: int = 9
    """Strongest activations of a feature that count, each of another held-out scene."""
    columns: int = 4
    """Patches of a feature that are drawn."""
    rectify: bool = True
    """Set what is negative to zero on the way down, as in the article; without, it is the transpose and no more."""
    batch_size: int = 32
    """Scenes at once: bounds the memory."""

    def __post_init__(self) -> None:
        possible = len(self.stages) > 0 and all(1 <= stage <= STAGES for stage in self.stages)
        check(self, "stages", possible, f"numbers from 1 to {STAGES}")
        check_counts(self, "features", "patches", "columns", "batch_size")
        check(self, "columns", self.columns <= self.patches, f"at most `patches` ({self.patches})")


class Patch(NamedTuple):
    """A scene's pixels around a strong activation."""

    picture: NDArray[np.float32]  # (h, w), the receptive field
    projection: NDArray[np.float32]  # (h, w)
    digit: int  # that the projection lies on


class Feature(NamedTuple):
    """A channel of a pool."""

    stage: int
    number: int
    receptive_field: tuple[int, int]
    values: NDArray[np.float32]  # (patches,), activations
    patches: list[Patch]

    @property
    def digits(self) -> NDArray[np.int64]:
        return np.array([patch.digit for patch in self.patches])

    @property
    def share(self) -> float:
        """Share of the most frequent digit."""
        return most_frequent(self.digits)[1]


class Result(NamedTuple):
    """Features from the strongest down, by stage; those that are active in too few scenes are left out."""

    features: dict[int, list[Feature]]
    chance: float  # see `by_chance`


def look(trained: Trained, config: Config) -> Result:
    """Raises `UserError` where there are fewer scenes than patches."""
    labels = trained.scenes.labels
    if len(labels) < config.patches:
        raise UserError(config.run, f"holds out {len(labels)} scenes only", "choose fewer --patches")
    features = {i: features_of(trained, i, config) for i in dict.fromkeys(config.stages)}
    return Result(features, by_chance(labels, config.patches, np.random.default_rng(0)))


def features_of(trained: Trained, number: int, config: Config) -> list[Feature]:
    """Features of pool `number`, from the strongest down."""
    stages = trained.stages[:number]
    height, width = trained.scenes.labels.shape[1:]
    cells = -(-height // 2**number), -(-width // 2**number)  # beyond them the network sees filling only
    top = strongest(stages, trained.x, config.patches, cells, config.batch_size)
    alive = np.flatnonzero(top.values[:, -1] > 0)
    alive = alive[np.argsort(-top.values[alive].mean(1), kind="stable")]
    chosen = top.scenes[alive].ravel(), alive.repeat(config.patches), top.places[alive].reshape(-1, 2)
    made = project_all(
        stages, trained.x, *map(jnp.asarray, chosen), rectify=config.rectify, batch_size=config.batch_size
    )
    projections = np.asarray(made)[:, :height, :width, 0].reshape(len(alive), config.patches, height, width)
    return [
        Feature(
            number,
            int(i),
            (window_of(stages, 0).size, window_of(stages, 1).size),
            top.values[i],
            patches_of(trained, stages, top.scenes[i], top.places[i], below),
        )
        for i, below in zip(alive, projections, strict=True)
    ]


def patches_of(
    trained: Trained, stages: Stages, scenes: NDArray, places: NDArray, projections: NDArray[np.float32]
) -> list[Patch]:
    images, labels = trained.scenes.images[..., 0], trained.scenes.labels
    vertical, horizontal = window_of(stages, 0), window_of(stages, 1)
    found = []
    for scene, (row, column), projection in zip(scenes, places, projections, strict=True):
        seen = vertical.slice(row, images.shape[1]), horizontal.slice(column, images.shape[2])
        found.append(Patch(images[scene][seen], projection[seen], digit_under(projection, labels[scene])))
    return found


class Window(NamedTuple):
    """On one axis, position i of a pool sees the pixels from `start` + `step`·i on, `size` of them."""

    size: int
    step: int
    start: int

    def slice(self, i: int, length: int) -> slice:
        """The window of position i, or as many pixels; moved so that it lies within a picture of `length` pixels."""
        size = min(self.size, length)
        first = min(max(self.start + self.step * i, 0), length - size)
        return slice(first, first + size)


def window_of(stages: Sequence[Any], axis: int) -> Window:
    """Window of the last pool of these stages, on axis 0 or 1 of the picture."""
    size, step, start = 1, 1, 0
    for stage in stages:
        for block in stage.convs:
            kernel_size = block.conv.geometry.kernel_size[axis]
            size += (kernel_size - 1) * step
            start -= (kernel_size - 1) // 2 * step  # SAME
        size += (POOL - 1) * step
        step *= POOL
    return Window(size, step, start)


def digit_under(projection: NDArray, labels: NDArray) -> int:
    """The digit whose pixels hold the most of the projection (h, w), by its squares; NONE if none holds any."""
    digits = labels < NUM_DIGITS
    held = np.bincount(labels[digits], np.square(projection[digits], dtype=np.float64), NUM_DIGITS)
    return int(held.argmax()) if held.any() else NONE


def most_frequent(digits: NDArray[np.int64]) -> tuple[int, float]:
    """The digit that most of `digits` (patches,) are, and their share."""
    counts = np.bincount(digits[digits != NONE], minlength=NUM_DIGITS)
    return int(counts.argmax()), counts.max() / len(digits)


def by_chance(labels: NDArray[np.int32], patches: int, rng: np.random.Generator) -> float:
    """The mean share of the most frequent of digits drawn from so many scenes (n, h, w), one from each."""
    present = [np.unique(scene[scene < NUM_DIGITS]) for scene in labels]
    shares = []
    for _ in range(DRAWS):
        scenes = rng.choice(len(present), patches, replace=False)
        shares.append(most_frequent(np.array([rng.choice(present[scene]) for scene in scenes]))[1])
    return float(np.mean(shares))
