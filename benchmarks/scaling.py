"""One run on 1, 2, 8 and 2 × 4 devices, compared; what a step moves between devices, and what follows for many.

    python -m benchmarks.scaling --out benchmarks/results/scaling/cpu-2-cores.json

The devices are the CPU's, in one process or in two that talk over Gloo. Curves are compared with how far runs drift
apart that differ by a rounding at the start. Bytes are read from the optimised programs.
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.collectives import collective_bytes
from benchmarks.scaling_run import CONFIG, SIDE, Blocks
from experiments.fcn.config import Config
from experiments.fcn.log import column, read_log
from experiments.fcn.placement import Placement, find_placement, shaped
from experiments.fcn.presets import PRESETS
from experiments.fcn.state import State, abstract_state, draw, make_trainer, train_step
from experiments.fcn.task import Batch, Signature
from experiments.fcn8.config import Config as Digits
from experiments.fcn8.data import DigitTask
from experiments.fcn8.scenes import HEIGHT, WIDTH
from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from jtconv.weights import Preprocessing

ROOT = Path(__file__).parents[1]
DEVICES = 8
LINKS = {"100 Gb/s": 100e9 / 8, "1 Tb/s": 1e12 / 8}  # bytes a second, into and out of each device
MANY = (8, 64, 256)
PERTURBED = 4  # runs
STEPS = 12  # timed
LONGEST = 900  # seconds, for a run
LAYOUTS: dict[str, tuple[int, list[str]]] = {  # processes, what each is given besides
    "1 device": (1, []),
    "1 device, again": (1, ["--deterministic"]),
    "2 devices": (1, ["--cpu-devices", "2"]),
    "8 devices": (1, ["--cpu-devices", "8"]),
    "8 devices, again": (1, ["--cpu-devices", "8", "--deterministic"]),
    "8 devices, parameters sharded": (1, ["--cpu-devices", "8", "--shard-parameters"]),
    "2 processes × 4 devices": (2, ["--cpu-devices", "4"]),
    "2 processes × 4 devices, parameters sharded": (2, ["--cpu-devices", "4", "--shard-parameters"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--table", type=Path, help="print the tables of such a file, and measure nothing")
    args = parser.parse_args()
    if args.table:
        print(markdown(json.loads(args.table.read_text())))
        return
    jax.config.update("jax_num_cpu_devices", DEVICES)  # for the programs; runs are processes of their own
    result = measured()
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(markdown(result))


def measured() -> dict[str, Any]:
    return {
        **describe("float32"),
        "steps": CONFIG.steps,
        "parameters": count(abstract_state(CONFIG, Blocks.signature).parameters),
        "curves": compare_curves(),
        "moved": {name: moved(shard_parameters=cut) for name, cut in (("whole", False), ("sharded", True))},
        "article": article_bytes(),
        "digits": timed_step(),
    }


# --- the same run on other devices


def compare_curves() -> dict[str, Any]:
    """Greatest differences of the losses and of the last parameters from those of one device."""
    with tempfile.TemporaryDirectory() as folder:
        for i, (processes, options) in enumerate(LAYOUTS.values()):
            launch(Path(folder) / str(i), processes, options)
        losses = {name: losses_of(Path(folder) / str(i)) for i, name in enumerate(LAYOUTS)}
        states = {name: dict(np.load(Path(folder) / str(i) / "state.npz")) for i, name in enumerate(LAYOUTS)}
    first = losses["1 device"]
    rows = {
        name: {
            "loss": float(np.abs(losses[name] - first).max()),
            "parameters": distance(states[name], states["1 device"]),
        }
        for name in list(LAYOUTS)[1:]
    }
    rows["8 devices, again, from 8 devices"] = {
        "loss": float(np.abs(losses["8 devices, again"] - losses["8 devices"]).max()),
        "parameters": distance(states["8 devices, again"], states["8 devices"]),
    }
    drift = [float(np.abs(perturbed_losses(seed) - first).max()) for seed in range(1, PERTURBED + 1)]
    return {"first_loss": first[0], "last_loss": first[-1], "layouts": rows, "perturbed": drift}


def launch(folder: Path, processes: int, options: Sequence[str], **environment: str) -> list[str]:
    """Run `benchmarks.scaling_run` as so many processes; what each said on stderr. Raises RuntimeError if one fails."""
    command = [sys.executable, "-m", "benchmarks.scaling_run", "--out", str(folder), *options]
    joint = ["--coordinator", f"127.0.0.1:{free_port()}", "--processes", str(processes)] if processes > 1 else []
    given = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", **environment}
    started = [
        subprocess.Popen(
            [*command, *joint, *(["--process", str(i)] if joint else [])],
            cwd=ROOT,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(processes)
    ]
    with ThreadPoolExecutor(processes) as threads:  # all are read at once: a full pipe would stop a process
        said = list(threads.map(stderr_of, started))
    if any(process.returncode for process in started):
        raise RuntimeError("\n".join(said))
    return said


def stderr_of(process: subprocess.Popen[str]) -> str:
    """Output of a process until it ends; one that waits for another for ever is ended."""
    try:
        return process.communicate(timeout=LONGEST)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[1]


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def losses_of(folder: Path) -> NDArray[np.float64]:
    return np.array(column(read_log(folder / "metrics.jsonl", CONFIG.steps), "loss")[1])


def distance(one: dict[str, NDArray], other: dict[str, NDArray]) -> float:
    """Relative difference of parameters: the norm of the difference over the norm."""
    names = [name for name in one if name.startswith("parameters.")]
    difference = math.sqrt(sum(float(np.sum((one[n] - other[n]).astype(float) ** 2)) for n in names))
    return difference / math.sqrt(sum(float(np.sum(other[n].astype(float) ** 2)) for n in names))


def perturbed_losses(seed: int) -> NDArray[np.float64]:
    """The losses on one device where each parameter begins one unit in the last place higher or lower."""
    task = Blocks(CONFIG)
    trainer, state = make_trainer(CONFIG, task.signature), draw(CONFIG, task.signature)
    state = state._replace(parameters=nudged(state.parameters, np.random.default_rng(seed)))
    losses = []
    for batch in task.batches():
        state, loss = train_step(trainer, state, batch)
        losses.append(float(loss))
    return np.array(losses)


def nudged(parameters: Any, rng: np.random.Generator) -> Any:
    def nudge(leaf: jax.Array) -> jax.Array:
        towards = rng.choice((-np.inf, np.inf), leaf.shape).astype(leaf.dtype)
        return jnp.asarray(np.nextafter(np.asarray(leaf), towards))

    return jax.tree.map(nudge, parameters)


# --- what a step moves


def moved(*, shard_parameters: bool) -> dict[str, Any]:
    """Bytes of the results of what a step moves on each device, by kind; and those of what there is to move."""
    placement = find_placement(CONFIG.batch_size, shard_parameters=shard_parameters)
    assert placement is not None
    state = shaped(placement, abstract_state(CONFIG, Blocks.signature))
    cut = [leaf for leaf in jax.tree.leaves(state.parameters) if not leaf.sharding.is_fully_replicated]
    return {
        "devices": placement.mesh.size,
        "parameters": size_of(state.parameters),
        "parameters_cut": size_of(cut),
        "statistics": size_of(state.statistics),
        "bytes": collective_bytes(compiled_step(placement, state)),
    }


def compiled_step(placement: Placement, state: State) -> str:
    """The optimised program."""
    shape, rows = (CONFIG.batch_size, SIDE, SIDE), placement.by_row
    images = jax.ShapeDtypeStruct((*shape, 3), jnp.uint8, sharding=rows)
    batch: Any = Batch(images, jax.ShapeDtypeStruct(shape, jnp.int32, sharding=rows))  # pyright: ignore (shapes in place of arrays)
    return train_step.lower(make_trainer(CONFIG, Blocks.signature, None, placement), state, batch).compile().as_text()


def size_of(tree: Any) -> int:
    """Bytes of its floating-point arrays."""
    floats = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return sum(leaf.size * leaf.dtype.itemsize for leaf in floats)


# --- what follows for many devices


def article_bytes() -> int:
    """Bytes of the parameters of the article's FCN-8."""
    preset = PRESETS["article"]
    config = Config(network=preset.network, optimizer=preset.optimizer)
    return 4 * count(abstract_state(config, Signature(3, 12, Preprocessing.torch())).parameters)


def timed_step() -> dict[str, Any]:
    """Seconds of a step of `experiments.fcn8` on one device of this machine, and the bytes of its parameters."""
    config, signature = replace(Digits(), steps=STEPS), DigitTask.signature
    trainer, state = make_trainer(config, signature), draw(config, signature)
    size = 4 * count(state.parameters)
    rng = np.random.default_rng(0)
    shape = (config.batch_size, HEIGHT, WIDTH)
    batch = Batch(rng.random((*shape, 1), np.float32), rng.integers(0, signature.num_classes, shape, np.int32))
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        state, loss = train_step(trainer, state, batch)
        jax.block_until_ready((state, loss))
        times.append(time.perf_counter() - began)
    return {"parameters": size, "pictures": config.batch_size, "seconds": median(times[1:])}  # the first compiles


def count(parameters: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(parameters))


def ring_seconds(size: float, devices: int, rate: float) -> float:
    """An all-reduce of `size` bytes around a ring: each device sends and receives 2(n-1)/n of them."""
    return 2 * (devices - 1) / devices * size / rate


def efficiency(compute: float, size: float, devices: int, rate: float) -> float:
    """Share of the time in which devices compute, if nothing is moved meanwhile: the worst case."""
    return compute / (compute + ring_seconds(size, devices, rate))


# --- tables


def markdown(result: dict[str, Any]) -> str:
    return "\n\n".join([curves_table(result), moved_table(result), prediction_table(result), footer(result)])


def curves_table(result: dict[str, Any]) -> str:
    curves = result["curves"]
    rows = [[name, f"{row['loss']:.1e}", f"{row['parameters']:.1e}"] for name, row in curves["layouts"].items()]
    drift = f"{max(curves['perturbed']):.1e}"
    rows.append([f"1 device, begun a rounding beside ({PERTURBED} runs, greatest)", drift, ""])
    text = f"Loss {curves['first_loss']:.4f} at first, {curves['last_loss']:.4f} after {result['steps']} steps.\n\n"
    return text + table(["run", "loss: greatest difference", "parameters: relative difference at the end"], rows)


def moved_table(result: dict[str, Any]) -> str:
    rows = []
    for name, entry in result["moved"].items():
        moves = ", ".join(f"{kind} {size:,}" for kind, size in entry["bytes"].items())
        sizes = [f"{entry[key]:,}" for key in ("parameters", "parameters_cut", "statistics")]
        rows.append([name, *sizes, moves])
    head = ["parameters are", "their bytes", "of these cut", "statistics", "bytes moved per step"]
    return table(head, rows)


def prediction_table(result: dict[str, Any]) -> str:
    """A ring's time for the gradients, what a device must compute besides for 90 %, and what this machine's does."""
    size, digits = result["article"], result["digits"]
    rows = []
    for name, rate in LINKS.items():
        for devices in MANY:
            seconds = ring_seconds(size, devices, rate)
            share = efficiency(digits["seconds"], digits["parameters"], devices, rate)
            rows.append([name, str(devices), f"{1e3 * seconds:.1f} ms", f"{9e3 * seconds:.0f} ms", f"{share:.1%}"])
    head = [
        *("link", "devices", f"article's FCN-8: all-reduce of {size / 1e6:.0f} MB", "computing per step for 90 %"),
        f"digits' FCN-8 ({digits['parameters'] / 1e6:.1f} MB), {digits['pictures']} pictures and "
        f"{1e3 * digits['seconds']:.0f} ms each: efficiency",
    ]
    return table(head, rows)


def footer(result: dict[str, Any]) -> str:
    names = ("date", "processor", "cores", "jax")
    return ", ".join(f"{name} {result[name]}" for name in names)


if __name__ == "__main__":
    main()
