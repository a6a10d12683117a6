"""Memory of upsampling a plane in tiles, which takes gigabytes as a whole: python benchmarks/tiled_memory.py --help.

Each row is measured in a process of its own. Its peak holds Python and JAX, the plane and the result too.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import jtconv
from jtconv import spatial

KERNEL = (4, 4, 1, 1)
GEOMETRY: dict[str, Any] = {"strides": 2, "padding": 1}
PARTS = ("forward", "gradients")
GIB = 2**30
ROWS = 64  # compared with the same rows of a part of the plane


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def compiled(size: int, method: str, part: str, memory: int) -> Any:
    """The program, of (plane, kernel) or, for the gradients, of (plane, kernel, cotangent)."""

    def upsampled(y: Array, w: Array) -> Array:
        return spatial.tiled_conv_transpose(y, w, memory=memory, method=method, **GEOMETRY)

    # With a batch axis: XLA for the CPU copies a result whose first and last axes are 1 where one of them is dropped.
    shapes = [(1, size, size, 1), KERNEL, (1, 2 * size, 2 * size, 1)]
    arrays = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    if part == "forward":
        return jax.jit(upsampled).lower(*arrays[:2]).compile()
    return jax.jit(lambda y, w, ct: jax.vjp(upsampled, y, w)[1](ct)).lower(*arrays).compile()


def run(size: int, method: str, part: str, memory: int) -> str:
    """One row of the table."""
    program = compiled(size, method, part, memory)
    key = jax.random.key(0)
    kernel = jax.random.normal(key, KERNEL)
    plane = jnp.ones((1, size, size, 1))
    plane = plane.at[:, :ROWS].set(jax.random.normal(key, (1, ROWS, size, 1)))
    given = [plane, kernel] if part == "forward" else [plane, kernel, jnp.ones((1, 2 * size, 2 * size, 1))]
    before, began = peak(), time.perf_counter()
    result = jax.block_until_ready(program(*given))
    seconds, after = time.perf_counter() - began, peak()
    check(result, plane, kernel, part)
    arrays = sum(a.nbytes for a in [*given, *jax.tree.leaves(result)]) / GIB
    cells = [f"{n:.2f}" for n in (memory / GIB, arrays, planned(program), before, after, after - arrays)]
    return f"| {method} | {part} | {' | '.join(cells)} | {seconds:.0f} |"


def planned(program: Any) -> float:
    return program.memory_analysis().temp_size_in_bytes / GIB


def plan(size: int, method: str, part: str, memory: int) -> str:
    """Memory as the compiler reports it, without a run."""
    return f"{method}, {part}: {planned(compiled(size, method, part, memory)):.2f} GiB of {memory / GIB:.2f}"


def check(result: Array, plane: Array, kernel: Array, part: str) -> None:
    """The first rows against the same layer on a part of the plane."""
    if part == "forward":
        expected = jtconv.conv_transpose(plane[:, : ROWS + 2], kernel, **GEOMETRY)[:, : 2 * ROWS]
        np.testing.assert_allclose(result[:, : 2 * ROWS], expected, rtol=1e-5, atol=1e-5)
    else:
        expected = jtconv.conv(jnp.ones((1, 2 * ROWS + 2, 2 * plane.shape[1], 1)), kernel, **GEOMETRY)[:, :ROWS]
        np.testing.assert_allclose(result[0][:, :ROWS], expected, rtol=1e-5, atol=1e-5)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("--size", type=int, default=16384, help="rows and columns of the plane; default: 16384")
    parser.add_argument("--methods", nargs="+", default=["auto", "lax", "overlap_add"], choices=jtconv.METHODS)
    parser.add_argument("--parts", nargs="+", default=["forward"], choices=PARTS)
    parser.add_argument("--memory", type=float, default=0.75, help="bound given, in GiB; default: 0.75")
    parser.add_argument("--plan", action="store_true", help="compile only: what XLA plans for, besides the arrays")
    parser.add_argument("--row", action="store_true", help="measure the first method and part, in this process")
    given = parser.parse_args()
    if given.row:
        print(run(given.size, given.methods[0], given.parts[0], int(given.memory * GIB)))
        return
    if given.plan:
        for part, method in itertools.product(given.parts, given.methods):
            print(plan(given.size, method, part, int(given.memory * GIB)))
        print(f"jax {jax.__version__} on {jax.devices()[0].device_kind}.")
        return
    print(f"{given.size}×{given.size} float32, 1 channel, k4 s2 p1; GiB, and seconds of the first call")
    print("| method | part | `memory` | arrays | planned by XLA | peak before | peak | peak less arrays | s |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for part in given.parts:
        for method in given.methods:
            row = ["--row", "--methods", method, "--parts", part, "--size", str(given.size)]
            command = [sys.executable, __file__, *row, "--memory", str(given.memory)]
            print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="", flush=True)
    print(f"\njax {jax.__version__} on {jax.devices()[0].device_kind}.")


if __name__ == "__main__":
    main()
