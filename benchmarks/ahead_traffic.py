"""What the layers of published networks move between four GPUs or TPU cores that are not there, beside lax's own forms.

    .venv-accelerators/bin/python -m benchmarks.ahead_traffic h100 --out benchmarks/results/traffic/h100.json

Each layer is cut by its batch, by groups, or by the channels of x or of y, over four devices. Bytes are those of the
results, on a device, of what the compiled programs exchange.
"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from benchmarks.collectives import collective_bytes
from jtconv.bench._contenders import lax_function, own_function
from jtconv.bench._layers import RARE, SUITE, NetworkLayer
from jtconv.bench._machine import describe
from jtconv.bench._markdown import table
from jtconv.bench.ahead._devices import DEVICES, TPU_ENVIRONMENT, Device, Nvidia, compiler_version, target_config
from jtconv.bench.ahead._programs import PARTS, part_of

COUNT = 4
P = PartitionSpec
Placed = tuple[PartitionSpec, PartitionSpec, PartitionSpec]  # y, the kernel, x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", nargs="?", choices=["h100", "v5e"], default="h100")
    parser.add_argument("--layers", nargs="*", help="names of layers; default: all")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--table", type=Path, help="print the table of such a file, and compile nothing")
    args = parser.parse_args()
    if args.table:
        print(markdown(json.loads(args.table.read_text())))
        return
    device = DEVICES[args.device]
    if device.platform == "tpu":
        os.environ.update(TPU_ENVIRONMENT)
    mesh = Mesh(np.array(devices_of(device)), ("d",))
    rows = []
    for layer in (*SUITE, *RARE):
        if not args.layers or layer.name in args.layers:
            rows += list(compiled(replace(layer, batch=max(COUNT, layer.batch // COUNT * COUNT)), mesh))
            print(f"{layer.name} ...", flush=True)
    result = {**describe("float32"), "device": device.title, "compiler": compiler_version(device), "rows": rows}
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(markdown(result))


def devices_of(device: Device) -> list[Any]:
    if isinstance(device, Nvidia):
        target = {"target_config": target_config(device), "topology": f"1x1x{COUNT}"}
        return topologies.get_topology_desc(platform="cuda", **target).devices
    return topologies.get_topology_desc(platform="tpu", topology_name=device.topology).devices


def placements(layer: NetworkLayer) -> Iterator[tuple[str, Placed]]:
    """The ways of cutting a layer that its sizes allow."""
    axes = [None] * len(layer.size)
    image, kernel = P(None, *axes, "d"), P(*axes, None, "d")
    yield "batch", (P("d"), P(), P("d"))
    if layer.groups > 1 and layer.groups % COUNT == 0:
        yield "groups", (image, kernel, image)
    if layer.groups == 1 and layer.x_ch % COUNT == 0:
        yield "channels of x", (P(), P(*axes, "d", None), image)
    if layer.groups == 1 and layer.y_ch % COUNT == 0:
        yield "channels of y", (image, kernel, P())


def compiled(layer: NetworkLayer, mesh: Mesh) -> Iterator[dict[str, Any]]:
    shapes = layer.y_shape, layer.kernel_shape, layer.x_shape
    for name, specs in placements(layer):
        placed = zip(shapes, specs, strict=True)
        arguments = [jax.ShapeDtypeStruct(s, np.float32, sharding=NamedSharding(mesh, spec)) for s, spec in placed]
        for part in PARTS:
            moved = {}
            for who, function in (("auto", own_function(layer, "auto")), ("lax", lax_function(layer))):
                program = jax.jit(part_of(function, part)).lower(*arguments[: 2 if part == "forward" else 3])
                moved[who] = collective_bytes(str(program.compile().as_text()))
            yield {"layer": layer.name, "cut": name, "part": part, **moved}


def markdown(result: dict[str, Any]) -> str:
    """For each way of cutting and part: how many programs move what lax's moves, less, or more."""
    lines = []
    for cut, part in dict.fromkeys((row["cut"], row["part"]) for row in result["rows"]):
        rows = [row for row in result["rows"] if (row["cut"], row["part"]) == (cut, part)]
        ratios = [(row["layer"], total(row["auto"]), total(row["lax"])) for row in rows]
        same = sum(ours == theirs for _, ours, theirs in ratios)
        less = sum(ours < theirs for _, ours, theirs in ratios)
        more = [f"{name} ({ours:,} B for {theirs:,})" for name, ours, theirs in ratios if ours > theirs]
        lines.append([cut, part.replace("_", " "), str(len(rows)), str(same), str(less), "; ".join(more) or "none"])
    head = ["cut by", "part", "layers", "move as much as lax's form", "less", "more"]
    about = f"Four of {result['device']}, {result['compiler']}, jax {result['jax']}, {result['date']}."
    return f"{table(head, lines)}\n\n{about}"


def total(moved: dict[str, int]) -> int:
    return sum(moved.values())


if __name__ == "__main__":
    main()
