"""A kernel is learned by backpropagation from images that a known kernel enlarged."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from experiments.upsampling.layers import TAPS, Layer, enlarge, learned_layers
from experiments.upsampling.reach import response, targets

SIZE, BATCH = (12, 12), 4  # of the images, which are noise
LEARNING_RATE = 0.1


class Search(NamedTuple):
    """The distance from the known kernel before each step, as a share of its length."""

    layer: str
    target: str
    distances: NDArray[np.float32]


def searches(scale: int, steps: int, seed: int) -> list[Search]:
    """A transposed convolution, and a convolution after enlarging, look for two kernels each."""
    layers = {layer.name: layer for layer in learned_layers(scale, SIZE, 1, 1)}
    wanted = targets(scale, seed)
    looking = (f"ConvTranspose k{2 * scale}", f"nearest, conv k{TAPS}")
    pairs = [(layers[name], target) for name in looking for target in ("bilinear", f"drawn k{2 * scale}")]
    return [
        Search(layer.name, target, look_for(layer, jnp.asarray(wanted[target]), scale, steps, seed))
        for layer, target in pairs
    ]


def look_for(layer: Layer, target: Array, scale: int, steps: int, seed: int) -> NDArray[np.float32]:
    """Adam on the mean squared difference, new noise in each step."""
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, steps))
    first, noise = jax.random.split(jax.random.key(seed))
    kernel = jax.random.normal(first, layer.kernel_shape) / np.sqrt(layer.parameters)

    def loss(kernel: Array, images: Array) -> Array:
        known = jax.vmap(lambda y: enlarge(y, target[..., None, None], scale))(images)
        return jnp.mean((jax.vmap(lambda y: layer.apply(y, kernel))(images) - known) ** 2)

    def step(state: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], Array]:
        kernel, memory = state
        distance = jnp.linalg.norm(response(layer, kernel, scale) - target) / jnp.linalg.norm(target)
        gradient = jax.grad(loss)(kernel, jax.random.normal(key, (BATCH, *SIZE, 1)))
        change, memory = optimizer.update(gradient, memory)
        return (optax.apply_updates(kernel, change), memory), distance

    scan = jax.jit(lambda kernel, keys: jax.lax.scan(step, (kernel, optimizer.init(kernel)), keys)[1])
    return np.asarray(scan(kernel, jax.random.split(noise, steps)))
