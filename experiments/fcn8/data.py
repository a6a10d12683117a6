"""Where a run's scenes come from. A training batch is a function of the seed and the step alone."""

from typing import Protocol

import numpy as np

from experiments.fcn8.config import Config
from experiments.fcn8.digits import source_digits
from experiments.fcn8.m2nist import load_m2nist
from experiments.fcn8.scenes import Scenes, compose

TRAIN, TEST = 0, 1  # the first entry of each generator's seed, so that the two never meet
TEST_SHARE = 0.2


class Data(Protocol):
    """Training batches by step, and one set of held-out scenes."""

    test: Scenes

    def batch(self, step: int) -> Scenes: ...


class DigitScenes:
    """Fresh scenes of the train forms' digits; held-out scenes of the test forms', unbent.

    The held-out scenes are the same for every seed.
    """

    def __init__(self, config: Config):
        self.config = config
        self.digits, test_digits = source_digits()
        self.test = compose(test_digits, config.test_scenes, np.random.default_rng(TEST))

    def batch(self, step: int) -> Scenes:
        rng = np.random.default_rng((TRAIN, self.config.seed, step))
        return compose(self.digits, self.config.batch_size, rng, self.config.augmentation)


class M2nist:
    """The published scenes: four fifths to train on, then `test_scenes` held out."""

    def __init__(self, config: Config):
        assert config.data is not None
        self.config = config
        scenes = load_m2nist(config.data)
        cut = len(scenes.images) - max(1, round(len(scenes.images) * TEST_SHARE))
        stop = cut + config.test_scenes
        self.train = Scenes(scenes.images[:cut], scenes.labels[:cut])
        self.test = Scenes(scenes.images[cut:stop], scenes.labels[cut:stop])

    def batch(self, step: int) -> Scenes:
        rng = np.random.default_rng((TRAIN, self.config.seed, step))
        chosen = rng.integers(len(self.train.images), size=self.config.batch_size)
        return Scenes(self.train.images[chosen], self.train.labels[chosen])


def load_data(config: Config) -> Data:
    """M2NIST if the configuration names its folder, else scenes composed from real digits."""
    return DigitScenes(config) if config.data is None else M2nist(config)
