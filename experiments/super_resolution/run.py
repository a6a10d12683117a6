"""The experiment: a network for every scale, and what it and interpolation make of held-out photographs."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from experiments.fit import Batch, fit
from experiments.held_out import PARTS, Score, psnr, ssim
from experiments.photographs import split
from experiments.super_resolution.bicubic import BASELINES, back_projected, enlarged
from experiments.super_resolution.config import Config
from experiments.super_resolution.data import Plane, luminance, pair, training_crops
from experiments.super_resolution.network import Enlarger

BACK_PROJECTION, NETWORK = "back-projection", "network"
Method = Callable[[Plane], Plane]  # (h, w, 1) -> (h·scale, w·scale, 1)


class Result(NamedTuple):
    """Everything that the table, the picture and the files show."""

    networks: dict[int, Enlarger]  # by scale
    scores: list[Score]
    seconds: dict[str, float]  # of training, by task


def run(config: Config) -> Result:
    networks, seconds, scores = {}, {}, []
    before = None
    for scale in config.scales:
        network = Enlarger(scale, config.width, config.depth, rngs=nnx.Rngs(config.seed))
        if before is not None:
            network.take_features(before)
        seconds[network.name] = train(network, config)
        scores += evaluate(network)
        networks[scale] = before = network
    return Result(networks, scores, seconds)


def train(network: Enlarger, config: Config) -> float:
    """Train the network; return the seconds that it took."""
    crops = training_crops(split().train.values(), network.scale, config.crop)

    def batch(step: int) -> Batch:
        return crops.draw(config.batch_size, np.random.default_rng((config.seed, network.scale, step)))

    return fit(network.name, network, squared_error, batch, config.steps, config.learning_rate)


def squared_error(network: Enlarger, batch: Batch) -> Array:
    low, high = batch
    return jnp.mean((network(jnp.asarray(low)) - high) ** 2)


def evaluate(network: Enlarger) -> list[Score]:
    """Every method on every held-out photograph."""
    compared = methods(network)
    scores = []
    for part in PARTS:
        for name, photograph in getattr(split(), part).items():
            seen = pair(photograph, network.scale)
            low, high = luminance(seen.low), luminance(seen.high)
            for method, enlarge in compared.items():
                scores.append(Score(network.name, part, name, method, *measured(enlarge(low), high, network.scale)))
    return scores


def methods(network: Enlarger) -> dict[str, Method]:
    """All methods that are compared, by name."""
    scale = network.scale
    interpolations = {name: partial(enlarged, scale=scale, method=name) for name in BASELINES}
    return interpolations | {BACK_PROJECTION: back_projection(scale), NETWORK: enlarger(network)}


def back_projection(scale: int) -> Method:
    program = jax.jit(partial(back_projected, scale=scale))
    return lambda low: np.asarray(program(low[None])[0])


def enlarger(network: Enlarger) -> Method:
    """`network` as a function of one picture (h, w, 1)."""
    graph, parameters = nnx.split(network)
    program = jax.jit(lambda parameters, low: nnx.merge(graph, parameters)(low[None])[0])
    return lambda low: np.asarray(program(parameters, low))


def measured(image: Plane, high: Plane, border: int) -> tuple[float, float]:
    """PSNR and SSIM without `border` pixels at each side, as is usual; values outside [0, 1] are clipped."""
    inside = (slice(border, -border),) * 2
    image, high = np.clip(image, 0, 1)[inside], high[inside]
    return psnr(image, high), ssim(image, high)
