"""A training step of the FCN family, compiled for a device that is not there: see `--help`.

    python -m benchmarks.accelerator_step --compile-for h100 v5e

Needs the compilers of `jtconv bench --compile-for`, flax and optax; no data. The multiplications that a step needs are
counted in the traced forward pass: each convolution three times (forward, and both gradients), the first one twice, as
nobody needs the gradient by the pictures.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

from jtconv.bench._markdown import Column, digits, tabulate, times
from jtconv.bench._run import save
from jtconv.bench.ahead._devices import DEVICES
from jtconv.bench.ahead._process import NotCompiled, Worker
from jtconv.bench.ahead._programs import Compilable
from jtconv.bench.ahead._report import memory, multiplications, zeros
from jtconv.bench.ahead._run import describe, describe_device
from jtconv.models import FCN8, FCN16, FCN32

SIZE, CLASSES = 224, 12
NETWORKS = {"FCN32": FCN32, "FCN16": FCN16, "FCN8": FCN8}
PRESETS, DTYPES, BATCHES = ("article", "paper"), ("float32", "bfloat16"), (1, 16)
MAX_SECONDS = 600.0  # to compile one program
# The position of y among the operands of each map that a forward pass may hold; None: it is the result.
CONVOLUTIONS = {"jtconv_forward": None, "conv_general_dilated": None, "jtconv_transposed": 0}


def step_program(network: str, preset: str, batch: int, dtype: str) -> Compilable:
    """A step: forward, softmax cross-entropy, both gradients, SGD with momentum. Parameters are float32."""
    make = getattr(NETWORKS[network], preset)
    model = nnx.eval_shape(lambda: make(CLASSES, rngs=nnx.Rngs(0), dtype=jnp.dtype(dtype)))
    graph, parameters, random = nnx.split(model, nnx.Param, ...)
    optimizer = optax.sgd(1e-4, momentum=0.9)

    def loss(parameters: nnx.State, random: nnx.State, pictures: Array, labels: Array) -> Array:
        random = jax.tree.map(lambda a: a, random)  # variables of this trace, which dropout counts up
        logits = nnx.merge(graph, parameters, random)(pictures)
        # One-hot: the gradient of picking by index is a scatter.
        return optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, CLASSES)).mean()

    def step(state: Any, random: nnx.State, pictures: Array, labels: Array) -> Any:
        parameters, momentum = state
        value, slope = jax.value_and_grad(loss)(parameters, random, pictures, labels)
        update, momentum = optimizer.update(slope, momentum)
        return (optax.apply_updates(parameters, update), momentum), value

    state = (parameters, jax.eval_shape(optimizer.init, parameters))
    shape = (batch, SIZE, SIZE)
    given = (jax.ShapeDtypeStruct((*shape, 3), jnp.float32), jax.ShapeDtypeStruct(shape, jnp.int32))
    forward = [needed(one) for one in convolutions(jax.make_jaxpr(loss)(parameters, random, *given).jaxpr)]
    held = sum(math.prod(a.shape) * a.dtype.itemsize for a in jax.tree.leaves((state, given)))
    jitted = jax.jit(step, donate_argnums=0)  # the new state takes the old one's place
    return Compilable(jitted, (state, random, *given), 3 * sum(forward) - forward[0], held)


def convolutions(jaxpr: Jaxpr) -> Iterator[JaxprEqn]:
    """The convolutions of a traced function, in order."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in CONVOLUTIONS:
            yield equation
        for value in equation.params.values():
            if isinstance(value, ClosedJaxpr | Jaxpr):
                yield from convolutions(value.jaxpr if isinstance(value, ClosedJaxpr) else value)


def needed(equation: JaxprEqn) -> int:
    """The multiplications of a convolution, or of a transposed one: for each position of y, the kernel."""
    at = CONVOLUTIONS[equation.primitive.name]
    y = (equation.outvars[0] if at is None else equation.invars[at]).aval
    kernel = equation.invars[1].aval
    return math.prod(y.shape[:-1]) * math.prod(kernel.shape)


def compile_all(devices: list[str], programs: list[dict[str, Any]], limit: float, out: Path | None) -> dict[str, Any]:
    """The figures of every program for every device, told one after the other."""
    results: dict[str, Any] = {"machine": describe(), "devices": {}}
    for device in devices:
        steps: list[dict[str, Any]] = []
        results["devices"][device] = {**describe_device(device), "steps": steps}
        with Worker(device) as worker:
            for program in programs:
                try:
                    figures = worker.ask("benchmarks.accelerator_step:step_program", program, limit)
                except NotCompiled as error:
                    figures = {"failed": str(error)}
                steps.append({**program, **figures})
                print(device, *program.values(), figures.get("failed", f"{figures.get('compile_s')} s"), flush=True)
                if out is not None:
                    save(results, out)
    return results


def kinds(step: dict[str, Any]) -> str:
    """The operations of a step by kind, with their number, the convolutions first."""
    total: Counter[str] = Counter()
    for operation in step["operations"]:
        count, _, kind = operation.rpartition(" × ")
        total[kind] += int(count or 1)
    order = sorted(total, key=lambda kind: (not kind.startswith(("cudnn", "convolution", "matrix")), kind))
    return ", ".join(f"{total[kind]} {kind}" for kind in order)


COLUMNS = (
    Column("operations", kinds),
    Column("multiplications", lambda step: times(multiplications(step))),
    Column("zeros", zeros),
    Column("temporary", lambda step: f"{digits(step['temporary_bytes'] / 2**30)} GiB, {times(memory(step))}"),
    Column("compile", lambda step: f"{digits(step['compile_s'])} s"),
)
CYCLES = Column("kilocycles", lambda step: digits(step["cycles"] / 1e3))  # of a TPU


def tables(results: dict[str, Any]) -> str:
    """A table for each device."""
    texts = []
    for device, found in results["devices"].items():

        def name(step: dict[str, Any]) -> str:
            return f"{step['network']}, {step['preset']}, batch {step['batch']}, {step['dtype']}"

        done = [step for step in found["steps"] if "failed" not in step]
        columns = (*COLUMNS, CYCLES) if any("cycles" in step for step in done) else COLUMNS
        texts.append(tabulate([Column(f"**step, {device}**", name), *columns], done))
        texts += [f"- {name(step)}: {step['failed']}" for step in found["steps"] if "failed" in step]
    return "\n\n".join(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("--compile-for", nargs="+", choices=DEVICES, default=["h100"], metavar="DEVICE")
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--preset", nargs="+", choices=PRESETS, default=PRESETS)
    parser.add_argument("--batch", nargs="+", type=int, default=BATCHES, metavar="N", help="pictures; default: 1 16")
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES, help="to compute in; default: both")
    parser.add_argument("--time-limit", type=float, default=MAX_SECONDS, metavar="SECONDS", help="for one program")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures to FILE, as JSON")
    parser.add_argument("--table", type=Path, metavar="FILE", help="compile nothing; read a FILE written by --out")
    given = parser.parse_args()
    if given.table is not None:
        print(tables(json.loads(given.table.read_text(encoding="utf-8"))))
        return
    names = ("network", "preset", "batch", "dtype")
    programs = [dict(zip(names, values, strict=True)) for values in product(*(getattr(given, name) for name in names))]
    print("\n" + tables(compile_all(given.compile_for, programs, given.time_limit, given.out)))


if __name__ == "__main__":
    main()
