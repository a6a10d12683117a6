"""A generator that enlarges images four times: a convolution, then two layers that double the size."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from experiments.checkerboards.cures import TAPS, Cure, normal
from experiments.checkerboards.data import SCALE, SIDE, Config, Images, smaller
from jtconv import conv

SMALL = SIDE // SCALE  # of what it is given
COLOURS = 3
Parameters = dict[str, Array]


def initial(cure: Cure, channels: int, rng: np.random.Generator) -> Parameters:
    middle = cure.layer(SMALL, SMALL, channels, channels).kernel_shape
    last = cure.layer(2 * SMALL, 2 * SMALL, channels, COLOURS).kernel_shape
    return {
        "conv": jnp.asarray(normal(rng, (TAPS, TAPS, COLOURS, channels))),
        "conv_bias": jnp.zeros(channels),
        "middle": jnp.asarray(cure.initial(rng, middle)),
        "middle_bias": jnp.zeros(channels),
        "last": jnp.asarray(cure.initial(rng, last)),
        "last_bias": jnp.zeros(COLOURS),
    }


@partial(jax.jit, static_argnames="cure")
def generate(cure: Cure, parameters: Parameters, small: Array) -> Array:
    """(n, h, w, 3) -> (n, 4h, 4w, 3)."""

    def one(y: Array) -> Array:
        y = jax.nn.relu(conv(y, parameters["conv"], padding="SAME") + parameters["conv_bias"])
        y = jax.nn.relu(cure.apply(y, parameters["middle"]) + parameters["middle_bias"])
        return cure.apply(y, parameters["last"]) + parameters["last_bias"]

    return jax.vmap(one)(small)


def train(cure: Cure, parameters: Parameters, images: Images, config: Config, rng: np.random.Generator) -> Parameters:
    """Adam on the mean squared difference from the photographs."""
    batches = jnp.asarray(rng.integers(len(images), size=(config.steps, config.batch_size)))
    given, wanted = jnp.asarray(smaller(images)), jnp.asarray(images)
    return take_steps(cure, config.learning_rate, parameters, batches, given, wanted)


# Compiled once for all seeds: the static arguments do not depend on the seed.
@partial(jax.jit, static_argnames=("cure", "learning_rate"))
def take_steps(
    cure: Cure, learning_rate: float, parameters: Parameters, batches: Array, given: Array, wanted: Array
) -> Parameters:
    """A step for each of `batches`, (steps, batch_size) rows of what is given and wanted."""
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, len(batches)))

    def loss(parameters: Parameters, rows: Array) -> Array:
        return jnp.mean((generate(cure, parameters, given[rows]) - wanted[rows]) ** 2)

    def step(state: Any, rows: Array) -> tuple[Any, None]:
        parameters, memory = state
        change, memory = optimizer.update(jax.grad(loss)(parameters, rows), memory)
        return (optax.apply_updates(parameters, change), memory), None

    return jax.lax.scan(step, (parameters, optimizer.init(parameters)), batches)[0][0]


def images_of(cure: Cure, parameters: Parameters, small: Images) -> Images:
    return np.asarray(generate(cure, parameters, jnp.asarray(small)))
