"""How long each way takes, in turns, so that what disturbs the machine disturbs all alike."""

from statistics import median

import jax
import jax.numpy as jnp

from experiments.upsampling.config import Config
from experiments.upsampling.ways import Way
from jtconv.bench._timing import interleaved


def milliseconds(ways: list[Way], config: Config) -> dict[str, float]:
    """The median of each way's runs, compiled, forward."""
    keys = jax.random.split(jax.random.key(config.seed), len(ways))
    y = jax.random.normal(jax.random.key(config.seed + 1), (*config.size, config.channels))
    runs = {}
    for way, key in zip(ways, keys, strict=True):
        kernel, run = jax.random.normal(key, way.kernel_shape), jax.jit(way.apply)
        runs[way.name] = lambda run=run, kernel=kernel: jnp.asarray(run(y, kernel)).block_until_ready()
    return {name: 1e3 * median(times) for name, times in interleaved(runs, config.seconds).items()}
