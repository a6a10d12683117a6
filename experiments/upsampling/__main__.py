"""Ways of enlarging an image: what they cost, which are transposed convolutions, what each can represent.

python -m experiments.upsampling
python -m experiments.upsampling --scale 3
python -m experiments.upsampling --seconds 2      how long each takes on this machine, too
"""

import sys
from dataclasses import dataclass
from statistics import median

import jax
import jax.numpy as jnp

from experiments.errors import check, check_seed
from experiments.shown import Shown, command_line
from experiments.upsampling.equal import Equal, compare
from experiments.upsampling.layers import Layer, fixed_layers, learned_layers
from experiments.upsampling.picture import draw_picture
from experiments.upsampling.reach import Reach, reach
from experiments.upsampling.search import Search, searches
from jtconv.bench._machine import describe
from jtconv.bench._timing import interleaved


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    scale: int = 2
    """Factor of the size, per axis."""
    size: tuple[int, int] = (64, 64)
    """Input size of the layer that is timed."""
    channels: int = 32
    """Channels into and out of that layer."""
    seconds: float = 0.0
    """Least time to measure each layer for; 0: no measurement."""
    steps: int = 300
    """Training steps of the search for a kernel."""
    seed: int = 0
    """Seed of all random numbers."""

    def __post_init__(self) -> None:
        check(self, "scale", 2 <= self.scale <= 4, "in [2, 4]")
        check(self, "size", all(4 <= size <= 1024 for size in self.size), "in [4, 1024] on each axis")
        check(self, "channels", 1 <= self.channels <= 512, "in [1, 512]")
        check(self, "seconds", 0 <= self.seconds <= 60, "in [0, 60]")
        check(self, "steps", 2 <= self.steps <= 10_000, "in [2, 10000]")
        check_seed(self)


def run(config: Config) -> Shown:
    layers = fixed_layers(config.scale, config.size, config.channels)
    layers += learned_layers(config.scale, config.size, config.channels, config.channels)
    times = milliseconds(layers, config) if config.seconds else {}
    reaches = reach(config.scale, config.seed)
    found = searches(config.scale, config.steps, config.seed)
    tables = [
        costs_table(layers, times, config),
        equal_table(compare(config.scale, config.seed)),
        reach_table(reaches),
        search_table(found),
    ]
    return Shown("\n\n".join(tables), draw_picture(config.scale, reaches, found))


def costs_table(layers: list[Layer], times: dict[str, float], config: Config) -> str:
    rows, columns = config.size
    heading = f"{rows}×{columns}, {config.channels} to {config.channels} channels, {config.scale} times larger"
    if times:
        machine = describe("float32")
        heading += f"; {machine['processor']}, {machine['cores']} cores, jax {machine['jax']}, {machine['date']}"
    titles = f"{'':22} {'parameters':>10} {'multiply-adds':>13}" + (f" {'ms':>7}" if times else "")
    lines = [
        f"{layer.name:22} {layer.parameters:10,} {layer.multiply_adds:13,}"
        + (f" {times[layer.name]:7.2f}" if times else "")
        for layer in layers
    ]
    return "\n".join([heading, titles, *lines])


def equal_table(lines: list[Equal]) -> str:
    heading = f"{'as a linear map':22} {'the transposed convolution':42} {'inside':>8} {'border':>8}"
    rows = [f"{e.layer:22} {e.transposed:42} {e.inside:8.2g} {e.border:8.2g}" for e in lines]
    return "\n".join([heading, *rows])


def reach_table(lines: list[Reach]) -> str:
    names = list(lines[0].misses)
    heading = f"{'one channel':22} {'free':>4} " + " ".join(f"{name:>13}" for name in names)
    rows = [f"{r.layer:22} {r.free:4} " + " ".join(f"{r.misses[name]:13.2f}" for name in names) for r in lines]
    return "\n".join([heading, *rows])


def search_table(found: list[Search]) -> str:
    heading = f"{'learned':22} {'known kernel':12} {'distance first':>14} {'last':>8}"
    rows = [f"{s.layer:22} {s.target:12} {s.distances[0]:14.2f} {s.distances[-1]:8.1g}" for s in found]
    return "\n".join([heading, *rows])


def milliseconds(layers: list[Layer], config: Config) -> dict[str, float]:
    """The median of each layer's runs, compiled, forward."""
    keys = jax.random.split(jax.random.key(config.seed), len(layers))
    y = jax.random.normal(jax.random.key(config.seed + 1), (*config.size, config.channels))
    runs = {}
    for layer, key in zip(layers, keys, strict=True):
        kernel, run = jax.random.normal(key, layer.kernel_shape), jax.jit(layer.apply)
        runs[layer.name] = lambda run=run, kernel=kernel: jnp.asarray(run(y, kernel)).block_until_ready()
    return {name: 1e3 * median(times) for name, times in interleaved(runs, config.seconds).items()}


main = command_line("upsampling", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
