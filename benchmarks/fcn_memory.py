"""Memory of a training step of the article's FCN-8 at full size: python benchmarks/fcn_memory.py --help.

Compiling alone tells what XLA plans for; `--run` takes one step and tells what the process took.
"""

import argparse
import resource
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from jtconv.models import FCN8

SIZE, CLASSES = 224, 12
# XLA for the CPU takes away what keeps it from merging a computation with its repetition.
KEEP_REPETITIONS = {"xla_disable_hlo_passes": "cse_barrier_expander"}
PROGRAMS: dict[str, dict[str, Any]] = {
    "float32": {},
    "float32, remat": {"remat": True},
    "bfloat16": {"dtype": jnp.bfloat16},
    "bfloat16, remat": {"dtype": jnp.bfloat16, "remat": True},
}


class State(NamedTuple):
    parameters: Any
    momentum: Any


class Program(NamedTuple):
    """A step of training, and the shapes that it is compiled for."""

    step: Any
    make: Any
    state: State
    pictures: jax.ShapeDtypeStruct
    labels: jax.ShapeDtypeStruct


def program(options: dict[str, Any], batch: int) -> Program:
    def network() -> nnx.Module:
        return FCN8.article(CLASSES, rngs=nnx.Rngs(0), **options)

    graph = nnx.graphdef(nnx.eval_shape(network))
    optimizer = optax.sgd(1e-4, momentum=0.9)

    def make() -> State:
        parameters = nnx.state(network())
        return State(parameters, optimizer.init(parameters))

    def loss(parameters: nnx.State, pictures: Array, labels: Array) -> Array:
        logits = nnx.merge(graph, parameters)(pictures)
        # One-hot: the gradient of picking by index is a scatter, which XLA is slow to compile.
        return optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, CLASSES)).mean()

    def step(state: State, pictures: Array, labels: Array) -> tuple[State, Array]:
        value, slope = jax.value_and_grad(loss)(state.parameters, pictures, labels)
        update, momentum = optimizer.update(slope, state.momentum)
        return State(optax.apply_updates(state.parameters, update), momentum), value

    size = (batch, SIZE, SIZE)
    pictures, labels = (jax.ShapeDtypeStruct(size + c, dtype) for c, dtype in (((3,), jnp.float32), ((), jnp.int32)))
    on_cpu = KEEP_REPETITIONS if jax.default_backend() == "cpu" else None
    return Program(
        jax.jit(step, donate_argnums=0, compiler_options=on_cpu), jax.jit(make), jax.eval_shape(make), pictures, labels
    )


def compile_step(given: Program) -> Any:
    return given.step.lower(given.state, given.pictures, given.labels).compile()


def row(name: str, batch: int) -> str:
    plan = compile_step(program(PROGRAMS[name], batch)).memory_analysis()
    arrays = plan.argument_size_in_bytes + plan.output_size_in_bytes - plan.alias_size_in_bytes
    cells = [name, str(batch), *(f"{n / 2**30:.2f}" for n in (arrays, plan.temp_size_in_bytes))]
    return f"| {' | '.join(cells)} | {(arrays + plan.temp_size_in_bytes) / 2**30:.2f} |"


def table(names: list[str], batches: list[int]) -> str:
    head = "| program | pictures | parameters and momentum, GiB | temporary, GiB | together, GiB |"
    rule = "| --- | ---: | ---: | ---: | ---: |"
    rows = [row(name, batch) for batch in batches for name in names]
    device = jax.devices()[0]
    return "\n".join([head, rule, *rows, "", f"jax {jax.__version__} on {device.device_kind}."])


def run(name: str, batch: int) -> str:
    """Two steps, of which the first may touch memory for the first time."""
    given = program(PROGRAMS[name], batch)
    step, state = compile_step(given), given.make()
    key = jax.random.key(0)
    pictures = jax.random.normal(key, given.pictures.shape)
    labels = jax.random.randint(key, given.labels.shape, 0, CLASSES)
    lines = []
    for i in range(2):
        began = time.perf_counter()
        state, value = step(state, pictures, labels)
        lines.append(f"step {i + 1}: loss {float(value):.4f}, {time.perf_counter() - began:.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return "\n".join([f"{name}, {batch} of {SIZE}×{SIZE}", *lines, f"peak memory of the process: {peak:.2f} GiB"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 2], metavar="N", help="pictures; default: 1 2")
    parser.add_argument("--program", nargs="+", default=list(PROGRAMS), choices=PROGRAMS, help="default: all")
    parser.add_argument("--run", action="store_true", help="take two steps of the first program and batch")
    given = parser.parse_args()
    print(run(given.program[0], given.batch[0]) if given.run else table(given.program, given.batch))


if __name__ == "__main__":
    main()
