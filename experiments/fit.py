"""Training of small networks in memory: Adam, a cosine, progress."""

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx
from jax import Array

from experiments.progress import Progress

WARM_UP = 0.05  # share of the steps in which the learning rate rises
Batch = tuple[np.ndarray, ...]


def fit(
    name: str,
    model: nnx.Module,
    loss: Callable[[Any, Batch], Array],
    batch: Callable[[int], Batch],
    steps: int,
    learning_rate: float,
) -> float:
    """Change the parameters of `model` by `steps` steps down `loss(model, batch(step))`; the seconds it took."""
    began = time.perf_counter()
    warm_up = round(WARM_UP * steps)
    rate = optax.warmup_cosine_decay_schedule(0, learning_rate, warm_up, steps, learning_rate / 100)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    network, parameters = nnx.split(model)

    @jax.jit
    def change(parameters: Any, state: Any, batch: Batch) -> tuple[Any, Any, Array]:
        value, slope = jax.value_and_grad(lambda p: loss(nnx.merge(network, p), batch))(parameters)
        update, state = optimizer.update(slope, state, parameters)
        return optax.apply_updates(parameters, update), state, value

    state = optimizer.init(parameters)
    with Progress(name, steps, 0) as progress:
        for step in range(1, steps + 1):
            parameters, state, value = change(parameters, state, batch(step))
            progress.note(step, float(value), float(np.asarray(rate(step))))
    nnx.update(model, parameters)
    return time.perf_counter() - began
