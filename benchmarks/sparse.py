"""Products with the stored sparse matrix, against SciPy's CSR and JAX's BCOO.

    python -m benchmarks.sparse                            # --help tells what can be chosen
    python -m benchmarks.sparse --out benchmarks/results/sparse/cpu-2-cores-float32.json
    python -m benchmarks.sparse --table benchmarks/results/sparse/cpu-2-cores-float32.json

C x and Cᵀ y, float32, compiled with `jax.jit` and given the matrix as an argument. SciPy and BCOO
multiply by a matrix made beforehand for either direction, in compressed rows or sorted. The three
take turns, so that a disturbance of the machine falls on all of them; medians are kept.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jtconv import ConvMatrix, conv_matrix
from jtconv._matrix.index import csr_index
from jtconv.bench._machine import describe
from jtconv.bench._markdown import Column, tabulate
from jtconv.bench._timing import interleaved


class Layer(NamedTuple):
    """One convolution; `kernel_shape` is (*kernel_size, in_ch // groups, out_ch)."""

    name: str
    input_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    geometry: dict[str, Any]


K4 = {"strides": 2, "padding": 1}
LAYERS = (
    Layer("k4 s2, 8 → 12", (16, 16), (4, 4, 8, 12), K4),
    Layer("k4 s2, 8 → 16", (32, 32), (4, 4, 8, 16), K4),
    Layer("k4 s2, 12 → 24", (32, 32), (4, 4, 12, 24), K4),
    Layer("k4 s2, 16 → 20", (64, 64), (4, 4, 16, 20), K4),
    Layer("k3 s1, 4 → 12", (16, 16), (3, 3, 4, 12), {"padding": 1}),
    Layer("k3 s1, 8 → 16", (22, 22), (3, 3, 8, 16), {"padding": 1}),
    Layer("k3 s1, 16 → 32", (15, 15), (3, 3, 16, 32), {"padding": 1}),
    Layer("k3 s1, 16 → 32", (34, 34), (3, 3, 16, 32), {"padding": 1}),
    Layer("1-D k16 s8, 32 → 64", (1200,), (16, 32, 64), {"strides": 8, "padding": 4}),
    Layer("3-D k2 s2, 16 → 32", (20, 20, 20), (2, 2, 2, 16, 32), {"strides": 2}),
    Layer("k3 s1, 3 → 4", (96, 96), (3, 3, 3, 4), {"padding": 1}),
    Layer("k4 s2, 32 groups of 1 → 1", (96, 96), (4, 4, 1, 32), {**K4, "groups": 32}),
    Layer("k16 s8, 1 → 1", (512, 512), (16, 16, 1, 1), {"strides": 8, "padding": 4}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sparse", description="Time C x and Cᵀ y against SciPy's CSR and JAX's BCOO."
    )
    parser.add_argument("--most", type=int, default=10**7, help="leave out layers of more entries than this")
    parser.add_argument("--columns", type=int, nargs="+", default=[1, 16], help="right-hand sides (default: 1 16)")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="time for each product by each of the three (default: 1)"
    )
    parser.add_argument("--out", type=Path, help="write the result here, as JSON")
    parser.add_argument("--table", type=Path, help="print the table of a saved result, and measure nothing")
    given = parser.parse_args(arguments)
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return 0
    result = {"machine": describe("float32"), "products": []}
    for layer in LAYERS:
        for m in given.columns:
            row = measure(layer, m, given.seconds, given.most)
            if row is not None:
                result["products"].append(row)
        if given.out:
            given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(table(result))
    return 0


def measure(layer: Layer, m: int, seconds: float, most: int) -> dict[str, Any] | None:
    """The figures of one row, in seconds and bytes; None for a layer of more than `most` entries."""
    rng = np.random.default_rng(0)
    kernel = jnp.asarray(rng.standard_normal(layer.kernel_shape), jnp.float32)

    def build() -> ConvMatrix:
        return jax.block_until_ready(conv_matrix(kernel, layer.input_size, **layer.geometry))

    jax.clear_caches()
    matrix, first = _timed(build)
    if matrix.nnz > most:
        return None
    csr_index.cache_clear()
    row: dict[str, Any] = {
        "layer": layer.name,
        "input_size": layer.input_size,
        "kernel_shape": layer.kernel_shape,
        "geometry": layer.geometry,
        "columns": m,
        "nnz": matrix.nnz,
        "nbytes": matrix.nbytes,
        "first_build": first,
        "build": statistics.median(_timed(build)[1] for _ in range(5)),
        "to_scipy": _timed(matrix.to_scipy)[1],
    }
    for name, each in (("C x", matrix), ("Cᵀ y", matrix.T)):
        row[name] = _product_times(each, rng.standard_normal((each.shape[1], m), np.float32), seconds)
    return row


def _product_times(matrix: ConvMatrix, columns: np.ndarray, seconds: float) -> dict[str, float]:
    if columns.shape[1] == 1:
        columns = columns[:, 0]
    scipy, bcoo, given = matrix.to_scipy(), matrix.to_bcoo(), jnp.asarray(columns)
    multiply = jax.jit(lambda matrix, columns: matrix @ columns)
    runs: dict[str, Callable[[], Any]] = {
        "jtconv": lambda: multiply(matrix, given).block_until_ready(),
        "scipy": lambda: scipy @ columns,
        "bcoo": lambda: multiply(bcoo, given).block_until_ready(),
    }
    results = {name: np.asarray(run()) for name, run in runs.items()}
    size = abs(scipy) @ abs(columns)
    allowed = 2 * (np.diff(scipy.indptr).max(initial=0) + 1) * np.finfo(np.float32).eps
    for name, found in results.items():
        if not (np.abs(found - results["scipy"]) <= allowed * size).all():
            raise AssertionError(f"{name} and scipy differ by more than rounding")
    return {name: statistics.median(times) for name, times in interleaved(runs, seconds).items()}


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def _milliseconds(product: str) -> Column:
    return Column(product, lambda row: f"{1e3 * row[product]['jtconv']:.2f} ms")


def _speed_up(title: str, product: str) -> Column:
    return Column(title, lambda row: f"{row[product][title.lower()] / row[product]['jtconv']:.2f}×")


COLUMNS = (
    Column("layer", lambda row: row["layer"]),
    Column("entries", lambda row: f"{row['nnz']:,}"),
    Column("columns", lambda row: str(row["columns"])),
    *(c for p in ("C x", "Cᵀ y") for c in (_milliseconds(p), _speed_up("SciPy", p), _speed_up("BCOO", p))),
    Column("build", lambda row: f"{1e3 * row['build']:.1f} ms"),
    Column("first", lambda row: f"{1e3 * row['first_build']:.0f} ms"),
    Column("memory", lambda row: f"{row['nbytes'] / 1e6:.1f} MB"),
)


def table(result: dict[str, Any]) -> str:
    """Markdown. Under SciPy and BCOO stands the speed-up over them: above 1, jtconv is faster."""
    machine = result["machine"]
    note = f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, jax {machine['jax']}, float32."
    return f"{tabulate(COLUMNS, result['products'])}\n\n{note}"


if __name__ == "__main__":
    raise SystemExit(main())
