"""The machine's rate that bounds each layer of a result of `jtconv bench`, and how near to it the layer comes.

    python -m benchmarks.bounds benchmarks/results/cpu-2-cores-float32.json

A layer has to do its products and to move its arrays. The machine's rates of a large product and of a copy, measured
with the layers, say how long each takes at least; the longer one is the layer's bound. See Williams, Waterman and
Patterson, "Roofline", 2009.
"""

import argparse
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jtconv.bench._figures import TITLES, Layer, parts, share_of_bound
from jtconv.bench._markdown import Column, digits, tabulate


def intensity(layer: Layer, dtype: str) -> float:
    """Floating-point operations of Cᵀ for each byte of y, kernel and x."""
    moved = jnp.dtype(dtype).itemsize * sum(math.prod(layer[name]) for name in ("y", "kernel", "x"))
    return layer["gflop"] * 1e9 / moved


def ridge(machine: dict[str, Any]) -> float:
    """The intensity from which on products take longer than the arrays."""
    return machine["product_gflops"] / machine["copy_gbytes"]


def bounds(results: dict[str, Any]) -> str:
    """A Markdown table, from the layers with the fewest operations for a byte to those with the most."""
    machine, measured = results["machine"], parts(results["layers"])

    def per_byte(layer: Layer) -> float:
        return intensity(layer, machine["dtype"])

    columns = [
        Column("layer", lambda layer: layer["name"]),
        Column("FLOP per byte", lambda layer: digits(per_byte(layer))),
        Column("bound by", lambda layer: "products" if per_byte(layer) > ridge(machine) else "memory"),
        *(Column(TITLES[part], partial(_share, part=part)) for part in measured),
    ]
    return tabulate(columns, sorted(results["layers"], key=per_byte))


def _share(layer: Layer, part: str) -> str:
    return f"{share_of_bound(layer, part):.0%}" if part in layer else "—"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="what `jtconv bench --out FILE` has written")
    print(bounds(json.loads(parser.parse_args().result.read_text(encoding="utf-8"))))
