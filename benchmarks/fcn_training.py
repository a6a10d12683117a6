"""A training step of an FCN, against the same network in PyTorch: python -m benchmarks.fcn_training --help.

Both start from the same parameters, pictures and labels; the losses of the first steps are compared
before anything is timed. SGD with momentum, batch normalisation in training, on the device at hand.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from flax import nnx
from jax import Array
from torch.nn import functional as f

from benchmarks.torch_fcn import TorchFCN
from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from jtconv.bench._timing import interleaved
from jtconv.models import FCN8

RATE, MOMENTUM = 1e-3, 0.9
FIRST = 3  # steps whose losses are compared
TOLERANCE = 2e-3  # relative, of a loss after two changes of all parameters in float32
SMALL = {"width": 16, "depths": (1, 1, 2, 2, 1), "head_ch": 128, "head_kernel": (3, 3), "decoder_ch": 128}


class Case(NamedTuple):
    """A network, and what it is trained on: pictures (n, h, w, in_ch)."""

    name: str
    options: dict[str, Any]
    classes: int
    pictures: tuple[int, int, int, int]

    def network(self) -> FCN8:
        return FCN8(self.classes, in_ch=self.pictures[-1], rngs=nnx.Rngs(0), **self.options)


CASES = (
    Case("small FCN-8, 8 × 64×96×1", {**SMALL, "normalise": True}, 11, (8, 64, 96, 1)),
    Case("small FCN-8, 8 × 224×224×3", {**SMALL, "normalise": True}, 21, (8, 224, 224, 3)),
    Case("FCN-8 of the article, 1 × 224×224×3", {}, 12, (1, 224, 224, 3)),
    Case("FCN-8 of the article, 4 × 224×224×3", {}, 12, (4, 224, 224, 3)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="*", default=[""], help="parts of the names of the cases (all)")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of each contender (5)")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--table", type=Path, help="print the table of a JSON file; measure nothing")
    arguments = parser.parse_args()
    if arguments.table:
        result = json.loads(arguments.table.read_text(encoding="utf-8"))
    else:
        chosen = [case for case in CASES if any(part in case.name for part in arguments.cases)]
        rows = [measured(case, arguments.seconds) for case in chosen]
        result = {**describe("float32"), "torch": torch.__version__, "cases": rows}
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(markdown(result))


def measured(case: Case, seconds: float) -> dict[str, Any]:
    """Median seconds of a step of each contender."""
    network = case.network()
    rng = np.random.default_rng(0)
    pictures = rng.standard_normal(case.pictures, np.float32)
    labels = rng.integers(case.classes, size=case.pictures[:-1]).astype(np.int32)
    runs = {
        "torch": torch_step(network, pictures, labels, torch.contiguous_format),
        "torch, channels last": torch_step(network, pictures, labels, torch.channels_last),
        "jtconv": our_step(network, pictures, labels, case.classes),
    }
    check_losses(case, {name: [run() for _ in range(FIRST)] for name, run in runs.items()})
    times = interleaved(runs, seconds)
    return {"case": case.name, "pictures": case.pictures[0], **{name: median(each) for name, each in times.items()}}


def check_losses(case: Case, losses: dict[str, list[float]]) -> None:
    """Raise RuntimeError if the contenders do not compute the same."""
    for name, values in losses.items():
        if not np.allclose(values, losses["torch"], rtol=TOLERANCE):
            raise RuntimeError(f"{case.name}: {name} has losses {values}, torch {losses['torch']}")


def our_step(network: FCN8, pictures: np.ndarray, labels: np.ndarray, classes: int) -> Callable[[], float]:
    """A function that takes a step, waits for it, and returns the loss before it."""
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    optimizer = optax.sgd(RATE, MOMENTUM)

    def loss(parameters: nnx.State, statistics: nnx.State, x: Array, y: Array) -> tuple[Array, nnx.State]:
        model = nnx.merge(graph, parameters, statistics, copy=True)
        entropy = optax.softmax_cross_entropy(model(x), jax.nn.one_hot(y, classes))
        return entropy.mean(), nnx.state(model, nnx.Not(nnx.Param))

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: Array, y: Array) -> tuple[Any, Array]:
        parameters, statistics, moments = state
        (value, statistics), slope = jax.value_and_grad(loss, has_aux=True)(parameters, statistics, x, y)
        update, moments = optimizer.update(slope, moments)
        return (optax.apply_updates(parameters, update), statistics, moments), value

    state: Any = jax.tree.map(jnp.array, (parameters, statistics, optimizer.init(parameters)))
    x, y = jnp.asarray(pictures), jnp.asarray(labels)

    def run() -> float:
        nonlocal state
        state, value = step(state, x, y)
        jax.block_until_ready(state)
        return float(value)

    return run


def torch_step(network: FCN8, pictures: np.ndarray, labels: np.ndarray, layout: Any) -> Callable[[], float]:
    device = "cuda" if jax.default_backend() == "gpu" and torch.cuda.is_available() else "cpu"
    model = TorchFCN(network).to(device, memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), RATE, MOMENTUM)
    x = torch.from_numpy(np.moveaxis(pictures, -1, 1).copy()).to(device, memory_format=layout)
    y = torch.from_numpy(labels.astype(np.int64)).to(device)

    def run() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = f.cross_entropy(model(x), y)
        value.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        return value.item()

    return run


def markdown(result: dict[str, Any]) -> str:
    """Times of a step, and the speed-up over PyTorch's faster layout."""
    names = ("jtconv", "torch", "torch, channels last")
    head = ["network and batch", *names, "ratio", "pictures/s"]
    rows = []
    for case in result["cases"]:
        ratio = min(case[name] for name in names[1:]) / case["jtconv"]
        times = [f"{1e3 * case[name]:.1f} ms" for name in names]
        rows.append([case["case"], *times, f"**{ratio:.2f}×**", f"{case['pictures'] / case['jtconv']:.1f}"])
    machine = f"{result['date']}, {result['processor']}, {result['cores']} cores"
    versions = f"jax {result['jax']}, torch {result['torch']}, {result['dtype']}"
    return f"{table(head, rows)}\n\n{machine}, {versions}.\n"


if __name__ == "__main__":
    main()
