"""Every feature of the chosen pools: its strongest activations, each alone projected to pixels, and what lies there."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.errors import UserError
from experiments.inside.config import Config
from experiments.inside.project import Stages, project_all
from experiments.inside.shares import by_chance, digit_under, most_frequent
from experiments.inside.strongest import strongest
from experiments.inside.trained import Trained
from experiments.inside.window import window_of


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
        """Of the most frequent digit."""
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
    """Of pool `number`."""
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
