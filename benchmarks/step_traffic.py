"""What a training step of each preset moves between CPU devices, beside what it must move; and the time of a step.

    python -m benchmarks.step_traffic --out benchmarks/results/scaling/step-traffic.json

Where the batch is cut, a step must add up the gradients, which are as large as the parameters, three numbers for each
normalised channel, the loss and the number of its pixels. Bytes are read from the optimised programs.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh

from benchmarks.collectives import collective_bytes
from benchmarks.scaling import size_of
from experiments.fcn.config import Config
from experiments.fcn.optimizer import is_learned
from experiments.fcn.placement import AXIS, Placement, shaped
from experiments.fcn.presets import PRESETS, PresetName
from experiments.fcn.state import State, abstract_state, draw, make_trainer, train_step
from experiments.fcn.task import Batch, Signature
from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from jtconv.weights import Preprocessing

WIDTHS: dict[PresetName, int] = {"small": 16, "paper": 8, "article": 4}
DEVICES = (2, 4, 8)
SIDE, BATCH = 64, 8
SIGNATURE = Signature(3, 5, Preprocessing.torch())
STEPS, REST = 9, 0.2  # timed on each number of devices in turn; seconds between them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--table", type=Path, help="print the tables of such a file, and measure nothing")
    args = parser.parse_args()
    if args.table:
        print(markdown(json.loads(args.table.read_text())))
        return
    jax.config.update("jax_num_cpu_devices", max(DEVICES))
    result = {**describe("float32"), "side": SIDE, "batch": BATCH, "presets": [measured(name) for name in WIDTHS]}
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(markdown(result))


def measured(name: PresetName) -> dict[str, Any]:
    config = config_of(name)
    print(f"{name} ...", flush=True)
    must = needed(config, abstract_state(config, SIGNATURE))
    moved = {str(count): moved_bytes(config, count) for count in DEVICES}
    return {"name": name, "width": WIDTHS[name], "needed": must, "moved": moved, "seconds": step_seconds(config)}


def config_of(name: PresetName) -> Config:
    preset, width = PRESETS[name], WIDTHS[name]
    head = preset.network.head_ch if name == "small" else 16 * width
    network = replace(preset.network, width=width, head_ch=head)
    return Config(batch_size=BATCH, network=network, optimizer=preset.optimizer)


def placement_on(count: int) -> Placement | None:
    if count == 1:
        return None
    return Placement(Mesh(np.array(jax.devices()[:count]), (AXIS,), axis_types=(AxisType.Auto,)))


def needed(config: Config, state: State) -> int:
    """Bytes that must be added up: the gradients, statistics and their slopes, the loss and its pixels."""
    learned = is_learned(config.optimizer)(state.parameters)
    pairs = zip(jax.tree.leaves(state.parameters), jax.tree.leaves(learned), strict=True)
    return size_of([leaf for leaf, changes in pairs if changes]) + 12 * (size_of(state.statistics) // 8) + 8


def moved_bytes(config: Config, count: int) -> dict[str, int]:
    """Bytes of the results of what a step moves on each device, by kind."""
    placement = placement_on(count)
    assert placement is not None
    shape, rows = (BATCH, SIDE, SIDE), placement.by_row
    images = jax.ShapeDtypeStruct((*shape, 3), jnp.uint8, sharding=rows)
    batch: Any = Batch(images, jax.ShapeDtypeStruct(shape, jnp.int32, sharding=rows))  # pyright: ignore (shapes in place of arrays)
    state = shaped(placement, abstract_state(config, SIGNATURE))
    lowered = train_step.lower(make_trainer(config, SIGNATURE, None, placement), state, batch)
    return collective_bytes(str(lowered.compile().as_text()))


def step_seconds(config: Config) -> dict[str, float]:
    """The median time of a step of one global batch on one and on two devices of this machine, measured in turns."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8), rng.integers(0, 5, (BATCH, SIDE, SIDE))
    runs: dict[int, Any] = {}
    for count in (1, 2):
        placement = placement_on(count)
        state, batch = draw(config, SIGNATURE), Batch(images, labels.astype(np.int32))
        if placement is not None:
            state, batch = jax.device_put(state, placement.whole), jax.device_put(batch, placement.by_row)
        runs[count] = (make_trainer(config, SIGNATURE, None, placement), state, batch)
    times: dict[int, list[float]] = {count: [] for count in runs}
    for _ in range(STEPS):
        for count, (trainer, state, batch) in runs.items():
            time.sleep(REST)
            began = time.perf_counter()
            state, loss = train_step(trainer, state, batch)
            jax.block_until_ready((state, loss))
            times[count].append(time.perf_counter() - began)
            runs[count] = (trainer, state, batch)
    return {str(count): median(seconds[1:]) for count, seconds in times.items()}  # the first compiles


def markdown(result: dict[str, Any]) -> str:
    return "\n\n".join([traffic_table(result), times_table(result), machine(result)])


def traffic_table(result: dict[str, Any]) -> str:
    rows = []
    for preset in result["presets"]:
        moved = [" + ".join(f"{kind} {size:,}" for kind, size in entry.items()) for entry in preset["moved"].values()]
        rows.append([f"{preset['name']}, width {preset['width']}", f"{preset['needed']:,}", *moved])
    return table(["preset", "bytes to add up", *(f"moved on {count} devices" for count in DEVICES)], rows)


def times_table(result: dict[str, Any]) -> str:
    rows = []
    for preset in result["presets"]:
        one, two = (preset["seconds"][count] for count in ("1", "2"))
        rows.append([preset["name"], f"{1e3 * one:.0f} ms", f"{1e3 * two:.0f} ms", f"{two / one:.2f}"])
    return table(["preset", "1 device", "2 devices of the same machine", "ratio"], rows)


def machine(result: dict[str, Any]) -> str:
    names = ("date", "processor", "cores", "jax")
    setting = f"{result['batch']} pictures of {result['side']} x {result['side']}"
    return f"{setting}; " + ", ".join(f"{name} {result[name]}" for name in names)


if __name__ == "__main__":
    main()
