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
from experiments.upsampling.picture import draw_picture
from experiments.upsampling.reach import Reach, reach
from experiments.upsampling.search import Search, searches
from experiments.upsampling.ways import Way, fixed_ways, learned_ways
from jtconv.bench._machine import describe
from jtconv.bench._timing import interleaved


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    scale: int = 2
    """How many times larger, per axis."""
    size: tuple[int, int] = (64, 64)
    """Of the input of the layer that is timed."""
    channels: int = 32
    """Into and out of that layer."""
    seconds: float = 0.0
    """To time each way for, at least; 0: not at all."""
    steps: int = 300
    """Of the training that looks for a kernel."""
    seed: int = 0
    """Of everything drawn."""

    def __post_init__(self) -> None:
        check(self, "scale", 2 <= self.scale <= 4, "in [2, 4]")
        check(self, "size", all(4 <= size <= 1024 for size in self.size), "in [4, 1024] on each axis")
        check(self, "channels", 1 <= self.channels <= 512, "in [1, 512]")
        check(self, "seconds", 0 <= self.seconds <= 60, "in [0, 60]")
        check(self, "steps", 2 <= self.steps <= 10_000, "in [2, 10000]")
        check_seed(self)


def run(config: Config) -> Shown:
    ways = fixed_ways(config.scale, config.size, config.channels)
    ways += learned_ways(config.scale, config.size, config.channels, config.channels)
    times = milliseconds(ways, config) if config.seconds else {}
    reaches = reach(config.scale, config.seed)
    found = searches(config.scale, config.steps, config.seed)
    tables = [
        costs_table(ways, times, config),
        equal_table(compare(config.scale, config.seed)),
        reach_table(reaches),
        search_table(found),
    ]
    return Shown("\n\n".join(tables), draw_picture(config.scale, reaches, found))


def costs_table(ways: list[Way], times: dict[str, float], config: Config) -> str:
    rows, columns = config.size
    heading = f"{rows}×{columns}, {config.channels} to {config.channels} channels, {config.scale} times larger"
    if times:
        machine = describe("float32")
        heading += f"; {machine['processor']}, {machine['cores']} cores, jax {machine['jax']}, {machine['date']}"
    titles = f"{'':22} {'parameters':>10} {'multiply-adds':>13}" + (f" {'ms':>7}" if times else "")
    lines = [
        f"{way.name:22} {way.parameters:10,} {way.multiply_adds:13,}" + (f" {times[way.name]:7.2f}" if times else "")
        for way in ways
    ]
    return "\n".join([heading, titles, *lines])


def equal_table(lines: list[Equal]) -> str:
    heading = f"{'as a linear map':22} {'the transposed convolution':42} {'inside':>8} {'border':>8}"
    rows = [f"{e.way:22} {e.transposed:42} {e.inside:8.2g} {e.border:8.2g}" for e in lines]
    return "\n".join([heading, *rows])


def reach_table(lines: list[Reach]) -> str:
    names = list(lines[0].misses)
    heading = f"{'one channel':22} {'free':>4} " + " ".join(f"{name:>13}" for name in names)
    rows = [f"{r.way:22} {r.free:4} " + " ".join(f"{r.misses[name]:13.2f}" for name in names) for r in lines]
    return "\n".join([heading, *rows])


def search_table(found: list[Search]) -> str:
    heading = f"{'learned':22} {'known kernel':12} {'distance first':>14} {'last':>8}"
    rows = [f"{s.way:22} {s.target:12} {s.distances[0]:14.2f} {s.distances[-1]:8.1g}" for s in found]
    return "\n".join([heading, *rows])


def milliseconds(ways: list[Way], config: Config) -> dict[str, float]:
    """The median of each way's runs, compiled, forward."""
    keys = jax.random.split(jax.random.key(config.seed), len(ways))
    y = jax.random.normal(jax.random.key(config.seed + 1), (*config.size, config.channels))
    runs = {}
    for way, key in zip(ways, keys, strict=True):
        kernel, run = jax.random.normal(key, way.kernel_shape), jax.jit(way.apply)
        runs[way.name] = lambda run=run, kernel=kernel: jnp.asarray(run(y, kernel)).block_until_ready()
    return {name: 1e3 * median(times) for name, times in interleaved(runs, config.seconds).items()}


main = command_line("upsampling", Config(), run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
