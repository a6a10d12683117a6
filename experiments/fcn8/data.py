"""The scenes of a run. A training batch is a function of the seed and the step alone."""

import grain
import numpy as np

from experiments.fcn.pictures import MUTED
from experiments.fcn.task import EVERY, Batch, Classes, Sample, Signature
from experiments.fcn8.config import Config
from experiments.fcn8.digits import source_digits
from experiments.fcn8.m2nist import load_m2nist
from experiments.fcn8.scenes import BACKGROUND, CLASS_NAMES, NUM_CLASSES, Scenes, compose
from jtconv.weights import Preprocessing

TRAIN, TEST = 0, 1  # the first entry of each generator's seed, so that the two never meet
TEST_SHARE = 0.2
CLASSES = Classes(CLASS_NAMES, (*MUTED, "#000000", "#ffffff"), BACKGROUND, "digit")
AS_IT_IS = Preprocessing(channels=(0,), mean=(0.0,), std=(1.0,))


class DigitScenes:
    """Fresh scenes of the train forms' digits; held-out scenes of the test forms', unbent.

    The held-out scenes are the same for every seed.
    """

    def __init__(self, config: Config):
        self.config = config
        self.digits, test_digits = source_digits()
        self.test = compose(test_digits, config.test_scenes, np.random.default_rng(TEST))

    def batch(self, step: int, rows: slice = EVERY) -> Scenes:
        """`rows` of what a step trains on."""
        rng = np.random.default_rng((TRAIN, self.config.seed, step))
        return compose(self.digits, self.config.batch_size, rng, self.config.augmentation, rows)


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

    def batch(self, step: int, rows: slice = EVERY) -> Scenes:
        rng = np.random.default_rng((TRAIN, self.config.seed, step))
        chosen = rng.integers(len(self.train.images), size=self.config.batch_size)[rows]
        return Scenes(self.train.images[chosen], self.train.labels[chosen])


def load_data(config: Config) -> DigitScenes | M2nist:
    """M2NIST if the configuration names its folder, else scenes composed from real digits."""
    return DigitScenes(config) if config.data is None else M2nist(config)


class DigitTask:
    """The scenes as what a network is trained on."""

    classes = CLASSES
    signature = Signature(1, NUM_CLASSES, AS_IT_IS, white=1.0)

    def __init__(self, config: Config):
        self.steps = config.steps
        self.data = load_data(config)
        scenes = zip(self.data.test.images, self.data.test.labels, strict=True)
        self.test = [Sample(image, labels, f"scene {i}") for i, (image, labels) in enumerate(scenes)]

    def batches(self, rows: slice = EVERY) -> grain.MapDataset[Batch]:
        return grain.MapDataset.range(1, self.steps + 1).map(lambda step: Batch(*self.data.batch(step, rows)))
