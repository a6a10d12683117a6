"""What the last layer bounds: python -m experiments.fcn8.bound

The last layer makes every block of pixels out of one vector of scores, whatever the layers before
it do. Here it is fitted alone: the kernel to the true masks of training scenes with a free vector for
every block, then, with that kernel, the vectors to the true masks of held-out scenes. What that
reaches is, as far as the fits have converged, what a network could whose other layers were perfect.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from jax import Array
from numpy.typing import NDArray

from experiments.fcn.metrics import Scores, confusion_matrix, scores
from experiments.fcn.state import cross_entropy
from experiments.fcn8.data import CLASSES, TEST, TRAIN
from experiments.fcn8.digits import source_digits
from experiments.fcn8.scenes import HEIGHT, NUM_CLASSES, WIDTH, compose
from jtconv import conv_transpose

RATE = 0.1  # of Adam, at first; a cosine brings it to 0


@dataclass(frozen=True)
class Command:
    """Fit the last layer alone to true masks: the best that it can draw."""

    train_scenes: int = 300
    """Scenes that the kernel is fitted to."""
    test_scenes: int = 60
    """Held-out scenes that are then drawn with it."""
    steps: int = 300
    """Steps of Adam for each fit."""
    seed: int = 0
    """Of the vectors and kernel that the fit starts from."""


class LastLayer(NamedTuple):
    """A transposed convolution of `channels` to the classes; its kernel is overlap · strides wide."""

    strides: int
    channels: int
    overlap: int = 1

    @property
    def kernel_size(self) -> int:
        return self.overlap * self.strides

    def vectors(self, scenes: int, key: Array) -> Array:
        """Random ones, for every block (scenes, h, w, channels)."""
        height, width = -(-HEIGHT // self.strides), -(-WIDTH // self.strides)
        return jax.random.normal(key, (scenes, height, width, self.channels))

    def kernel(self, key: Array) -> Array:
        """A random one."""
        shape = (self.kernel_size, self.kernel_size, NUM_CLASSES, self.channels)
        return jax.random.normal(key, shape) / self.channels**0.5

    def logits(self, vectors: Array, kernel: Array) -> Array:
        """Scores of every pixel (scenes, 64, 84, 11)."""
        margin = (self.kernel_size - self.strides) // 2
        return conv_transpose(vectors, kernel, strides=self.strides, padding=margin)[:, :HEIGHT, :WIDTH]


LAYERS = (
    *(LastLayer(strides, NUM_CLASSES) for strides in (32, 16, 8, 4, 2)),
    LastLayer(8, NUM_CLASSES, overlap=2),
    LastLayer(8, 128),
)


def main(command: Command) -> None:
    """Fit every layer and print what it reaches."""
    train = compose(source_digits()[0], command.train_scenes, np.random.default_rng(TRAIN)).labels
    test = compose(source_digits()[1], command.test_scenes, np.random.default_rng(TEST)).labels
    print("strides kernel channels  digit IoU  mean IoU  pixel accuracy")
    for layer in LAYERS:
        began = time.perf_counter()
        reached = best(layer, train, test, command)
        print(
            f"{layer.strides:7} {layer.kernel_size:6} {layer.channels:8}  {reached.foreground_iou:9.4f}"
            f" {reached.mean_iou:9.4f}  {reached.pixel_accuracy:14.4f}   fitted in {time.perf_counter() - began:.0f} s",
            flush=True,
        )


def best(layer: LastLayer, train: NDArray[np.int32], test: NDArray[np.int32], command: Command) -> Scores:
    """The scores of the held-out masks that the fitted layer draws."""
    keys = jax.random.split(jax.random.key(command.seed), 3)
    start = layer.vectors(len(train), keys[0]), layer.kernel(keys[1])
    _, kernel = fit(lambda free: layer.logits(*free), start, train, command.steps)
    vectors = fit(lambda free: layer.logits(free, kernel), layer.vectors(len(test), keys[2]), test, command.steps)
    drawn = np.asarray(jnp.argmax(layer.logits(vectors, kernel), -1))
    return scores(confusion_matrix(test, drawn, NUM_CLASSES), CLASSES)


def fit(logits: Callable[[Any], Array], free: Any, labels: NDArray[np.int32], steps: int) -> Any:
    """`free` after so many steps down the cross-entropy of the true masks."""
    optimizer = optax.adam(optax.cosine_decay_schedule(RATE, steps))

    @jax.jit
    def step(_: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        free, state = carry
        # The sum: each block's part does not depend on how many there are.
        slope = jax.grad(lambda free: labels.size * cross_entropy(logits(free), labels))(free)
        update, state = optimizer.update(slope, state)
        return optax.apply_updates(free, update), state

    return jax.lax.fori_loop(0, steps, step, (free, optimizer.init(free)))[0]


if __name__ == "__main__":
    main(tyro.cli(Command, prog="python -m experiments.fcn8.bound", description=__doc__))
