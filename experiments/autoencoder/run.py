"""The experiment: a network for every task, and what it and others make of held-out photographs."""

from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from experiments.autoencoder.compression import Compression
from experiments.autoencoder.config import Config
from experiments.autoencoder.network import Autoencoder
from experiments.autoencoder.restoration import Colourisation, Denoising, Inpainting
from experiments.autoencoder.task import Method, Pictures, Task
from experiments.fit import Batch, fit
from experiments.held_out import PARTS, Score, psnr, ssim
from experiments.photographs import Crops, split

TASKS: dict[str, type[Task]] = {task.name: task for task in (Compression, Denoising, Inpainting, Colourisation)}
NETWORK = "network"
MULTIPLE = 8  # of the held-out photographs' sizes, which every network can take
TRAIN, TEST = 0, 1  # the first entry of each generator's seed, so that the two never meet


class HeldOut(NamedTuple):
    """A photograph, what is given of it, and what each method makes of that."""

    part: str
    name: str
    photograph: Pictures
    given: Pictures
    restored: dict[str, NDArray]  # by method, in [0, 1]


class Result(NamedTuple):
    """Everything that the table, the picture and the files show."""

    scores: list[Score]
    shown: dict[str, HeldOut]  # by task: a photograph that was never seen
    seconds: dict[str, float]  # of training


def run(config: Config) -> Result:
    result = Result([], {}, {})
    for name in config.tasks:
        kind = TASKS[name]
        task = kind([p for p in map(as_floats, split().train.values()) if kind.takes(p)])
        network = task.network(nnx.Rngs(config.seed))
        result.seconds[name] = train(task, network, config)
        methods = {**task.baselines(), NETWORK: restorer(task, network)}
        for held_out in evaluate(task, methods):
            result.scores.extend(scored(task, held_out))
            if held_out.part == "unseen":
                result.shown.setdefault(name, held_out)
    return result


def as_floats(photograph: NDArray[np.uint8]) -> Pictures:
    """The photograph in [0, 1], cut to multiples of 8."""
    rows, columns = (size // MULTIPLE * MULTIPLE for size in photograph.shape[:2])
    return (photograph[:rows, :columns] / 255).astype(np.float32)


def train(task: Task, network: Autoencoder, config: Config) -> float:
    """Train the network; return the seconds that it took."""
    crops = Crops([(photograph,) for photograph in task.photographs], config.crop)

    def batch(step: int) -> Batch:
        rng = np.random.default_rng((TRAIN, config.seed, step))
        (pictures,) = crops.draw(config.batch_size, rng)
        return task.given(pictures, rng), pictures

    def squared_error(network: Autoencoder, batch: Batch) -> Array:
        given, pictures = batch
        return jnp.mean((task.restored(network, jnp.asarray(given)) - pictures) ** 2)

    return fit(task.name, network, squared_error, batch, config.steps, config.learning_rate)


def restorer(task: Task, network: Autoencoder) -> Method:
    """`network` as a function of what is given of one picture."""
    graph, parameters = nnx.split(network)
    program = jax.jit(lambda parameters, given: task.restored(nnx.merge(graph, parameters), given[None])[0])
    return lambda given: np.asarray(program(parameters, given))


def evaluate(task: Task, methods: dict[str, Method]) -> Iterator[HeldOut]:
    """Every method on every held-out photograph that the task is about."""
    for part in PARTS:
        for number, (name, photograph) in enumerate(getattr(split(), part).items()):
            picture = as_floats(photograph)
            if task.takes(picture):
                given = task.given(picture, np.random.default_rng((TEST, number)))
                restored = {method: np.clip(restore(given), 0, 1) for method, restore in methods.items()}
                yield HeldOut(part, name, picture, given, restored)


def scored(task: Task, held_out: HeldOut) -> Iterator[Score]:
    """PSNR of the pixels that are judged, SSIM of the whole."""
    _, _, picture, given, restored = held_out
    judged = task.judged(given)
    for method, image in restored.items():
        values = psnr(image[judged], picture[judged]), ssim(image, picture)
        yield Score(task.name, held_out.part, held_out.name, method, *values)
