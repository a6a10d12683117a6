"""The kernels that each layer can represent: one channel, away from the borders."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from experiments.upsampling.layers import TAPS, Layer, fixed_layers, learned_layers

SIZE = (5, 5)  # with a position in the middle whose copy no border cuts

Response = NDArray[np.float32]  # what one value in the middle is spread over


class Reach(NamedTuple):
    """Free numbers of one layer, and the distance of each target from the nearest kernel that it can represent."""

    layer: str
    free: int
    misses: dict[str, float]  # as a share of the target


def responses(layer: Layer, scale: int) -> Response:
    """(parameters, TAPS·scale, TAPS·scale): of each of the kernel's entries alone."""
    unit_kernels = jnp.eye(layer.parameters).reshape(layer.parameters, *layer.kernel_shape)
    return np.asarray(jax.vmap(lambda kernel: response(layer, kernel, scale))(unit_kernels))


def response(layer: Layer, kernel: Array, scale: int) -> Array:
    """Around the middle, where the copy of a kernel of TAPS·scale lies."""
    middle = jnp.zeros((*SIZE, 1)).at[SIZE[0] // 2, SIZE[1] // 2].set(1)
    reach = slice((SIZE[0] // 2 - TAPS // 2) * scale, (SIZE[0] // 2 + TAPS // 2 + 1) * scale)
    return layer.apply(middle, kernel)[reach, reach, 0]


def targets(scale: int, seed: int) -> dict[str, Response]:
    """Kernels to be: two interpolations, one value and zeros around it, and one drawn at random."""
    nearest, bilinear = (np.asarray(response(layer, jnp.zeros(0), scale)) for layer in fixed_layers(scale, SIZE, 1))
    corner = np.zeros_like(nearest)
    corner[scale, scale] = 1
    inner = np.zeros_like(nearest)
    k, start = 2 * scale, scale - scale // 2
    inner[start : start + k, start : start + k] = np.random.default_rng(seed).standard_normal((k, k))
    return {"nearest": nearest, "bilinear": bilinear, "zeros between": corner, f"drawn k{k}": inner}


def reach(scale: int, seed: int) -> list[Reach]:
    """A line for each layer that learns."""
    wanted = targets(scale, seed)
    lines = []
    for layer in learned_layers(scale, SIZE, 1, 1):
        span = responses(layer, scale).reshape(layer.parameters, -1)
        misses = {name: miss(span, target.ravel()) for name, target in wanted.items()}
        lines.append(Reach(layer.name, int(np.linalg.matrix_rank(span)), misses))
    return lines


def miss(span: Response, target: Response) -> float:
    """The distance of `target` from all sums of the rows of `span`, as a share of its length."""
    weights = np.linalg.lstsq(span.T.astype(np.float64), target.astype(np.float64))[0]
    return float(np.linalg.norm(weights @ span - target) / np.linalg.norm(target))
