"""The benchmark itself: every layer by every contender, checked, then timed in turn."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jtconv.bench._layers import NetworkLayer
from jtconv.bench._machine import Rates, bound_seconds, describe, measured_rates
from jtconv.bench._programs import Arrays, Build, Program, random_arrays, reason
from jtconv.bench._timing import Guarded, interleaved, summary

OWN = "jtconv"


def run(
    layers: list[NetworkLayer],
    builders: dict[str, Build],
    *,
    dtype: str,
    seconds: float,
    parts: list[str],
    report: Callable[[dict[str, Any], dict[str, Any]], None],
    begin: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """Measure all layers. `begin` is told what is measured; `report` is given each layer, and the results so far."""
    begin("the machine's own rates")
    rates = measured_rates(dtype)
    results = {"machine": {**describe(dtype), "contenders": list(builders)}, "layers": []}
    for number, layer in enumerate(layers, 1):
        begin(f"layer {number} of {len(layers)}, {layer.name}")
        measured = {**layer.facts, **_measure(layer, builders, dtype, seconds, parts)}
        results["layers"].append(measured)
        # Measured anew after each layer: a disturbance at one moment must not lower all bounds.
        rates = rates.best(measured_rates(dtype))
        _bound(results, layers, rates, parts)
        report(measured, results)
    return results


def _bound(results: dict[str, Any], layers: list[NetworkLayer], rates: Rates, parts: list[str]) -> None:
    """Put the rates, and the least times that follow from them, into the results so far."""
    machine = results["machine"]
    machine["product_gflops"], machine["copy_gbytes"] = rates.flops / 1e9, rates.bytes / 1e9
    itemsize = jnp.dtype(machine["dtype"]).itemsize
    for layer, measured in zip(layers, results["layers"], strict=False):
        bounds = bound_seconds(layer, itemsize, rates)
        measured["bound_ms"] = {part: 1e3 * bounds[part] for part in parts}


def _measure(
    layer: NetworkLayer, builders: dict[str, Build], dtype: str, seconds: float, parts: list[str]
) -> dict[str, Any]:
    """Timings by part and contender, and why those that failed did."""
    arrays = random_arrays(layer, dtype)
    measured: dict[str, Any] = {"failed": {}}
    for part in parts:
        programs, first, failed = ready(layer, builders, arrays, part)
        runs = {name: Guarded(program.run) for name, program in programs.items()}
        times = interleaved(runs, seconds, first)
        failed |= {name: run.failure for name, run in runs.items() if run.failure}
        measured[part] = {name: _figures(p, times[name]) for name, p in programs.items() if name not in failed}
        if failed:
            measured["failed"][part] = failed
    return measured


def _figures(program: Program, times: list[float]) -> dict[str, float]:
    figures = summary(times)
    if program.compile_seconds is not None:
        figures["compile_s"] = program.compile_seconds
    if program.temporary_bytes is not None:
        figures["temporary_mb"] = program.temporary_bytes / 1e6
    return figures


def ready(
    layer: NetworkLayer, builders: dict[str, Build], arrays: Arrays, part: str
) -> tuple[dict[str, Program], dict[str, float], dict[str, str]]:
    """The contenders' programs, about how long a run takes, and why others have none.

    Each is run once to check that it computes what this package does. A peer's failure is a result
    too. A failure of this package itself, which is the first, is raised.
    """
    programs: dict[str, Program] = {}
    first: dict[str, float] = {}
    failed: dict[str, str] = {}
    expected: list[np.ndarray] | None = None
    for name, build in builders.items():
        try:
            program = build(layer, arrays, part)
            if program is None:
                continue
            start = time.perf_counter()
            results = program.results()
            took = time.perf_counter() - start
            expected = results if expected is None else expected
            _compare(results, expected, str(arrays.y.dtype))
            programs[name], first[name] = program, took
        except Exception as error:
            if name == OWN:
                raise
            failed[name] = reason(error)
    return programs, first, failed


def _compare(results: list[np.ndarray], expected: list[np.ndarray], dtype: str) -> None:
    """Check that it is the same layer: far coarser than rounding, which the tests bound."""
    for result, exact in zip(results, expected, strict=True):
        if result.shape != exact.shape:
            raise ValueError(f"the result's shape is {result.shape}, jtconv's {exact.shape}")
        error, allowed = np.max(np.abs(result - exact)), _tolerance(dtype) * np.max(np.abs(exact))
        if not error <= allowed:
            raise ValueError(f"differs from jtconv by {error:.2g}, allowed {allowed:.2g}")


def _tolerance(dtype: str) -> float:
    """Relative tolerance of half the digits. An accelerator's float32 products have 10 bits (TF32)."""
    reduced = dtype == "float32" and jax.default_backend() != "cpu"
    return math.sqrt(2**-10 if reduced else float(jnp.finfo(dtype).eps))


def save(results: dict[str, Any], path: Path) -> None:
    """Write the results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
