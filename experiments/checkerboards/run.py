"""The experiment: each layer in a generator, before and after training."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.checkerboards.cures import CURES, Cure
from experiments.checkerboards.data import Config, Images, Pieces, pieces, smaller
from experiments.checkerboards.generator import SMALL, Parameters, images_of, initial, train
from experiments.checkerboards.measures import excess, flat, spectrum, unevenness
from experiments.held_out import psnr


class Measured(NamedTuple):
    """Measures of one generator: grey levels, dB, dB."""

    unevenness: float
    excess: float
    psnr: float


@dataclass(frozen=True)
class Tried:
    """Measures of one layer, means over the seeds, and images by the first seed's generator."""

    cure: Cure
    first: Measured
    trained: Measured
    grey: NDArray[np.float32]  # of a flat one, untrained
    image: NDArray[np.float32]  # of a test piece, trained
    power: NDArray[np.float64]  # spectrum of all test pieces, trained


@dataclass(frozen=True)
class Result:
    """Everything that the table, the picture and the files show."""

    tried: list[Tried]
    photograph: NDArray[np.float32]
    power: NDArray[np.float64]
    excess: float  # of the photographs themselves


def run(config: Config, shown: int = 4) -> Result:
    """`shown`: which test piece."""
    data = pieces(config)
    power = spectrum(data.test)
    tried = [try_out(cure, data, config, shown) for cure in CURES]
    return Result(tried, data.test[shown], power, excess(power))


def try_out(cure: Cure, data: Pieces, config: Config, shown: int) -> Tried:
    small, before, after = smaller(data.test), [], []
    made = []
    for seed in range(config.seed, config.seed + config.seeds):
        rng = np.random.default_rng(seed)
        drawn = initial(cure, config.channels, rng)
        trained = train(cure, drawn, data.train, config, rng)
        before.append(measure(cure, drawn, small, data.test))
        after.append(measure(cure, trained, small, data.test))
        made.append((drawn, trained))
    drawn, trained = made[0]
    images = images_of(cure, trained, small)
    grey = images_of(cure, drawn, flat(SMALL))[0]
    return Tried(cure, mean(before), mean(after), grey, images[shown], spectrum(images))


def measure(cure: Cure, parameters: Parameters, small: Images, photographs: Images) -> Measured:
    images = images_of(cure, parameters, small)
    uneven = unevenness(images_of(cure, parameters, flat(SMALL)))
    return Measured(uneven, excess(spectrum(images)), psnr(images, photographs))


def mean(measured: list[Measured]) -> Measured:
    return Measured(*(float(np.mean(values)) for values in zip(*measured, strict=True)))
