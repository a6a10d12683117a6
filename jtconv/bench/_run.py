"""The benchmark itself: every layer by every contender, checked, then timed in turn."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jtconv.bench._contenders import Build, Programs, random_arrays
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._machine import bound_seconds, describe, measured_rates
from jtconv.bench._timing import interleaved, summary

PARTS = ("forward", "both")


def run(
    layers: list[NetworkLayer],
    builders: dict[str, Build],
    *,
    dtype: str,
    seconds: float,
    report: Callable[[dict[str, Any], dict[str, Any]], None],
) -> dict[str, Any]:
    """All measurements, as they are written to a file; `report` is given each layer, and all so far."""
    rates = measured_rates(dtype)
    head = {**describe(dtype), "product_gflops": rates.flops / 1e9, "copy_gbytes": rates.bytes / 1e9}
    results = {"machine": head, "layers": []}
    for layer in layers:
        bounds = bound_seconds(layer, jnp.dtype(dtype).itemsize, rates)
        measured = {
            "name": layer.name,
            "source": layer.source,
            "y": layer.y_shape,
            "kernel": layer.kernel_shape,
            "x": layer.x_shape,
            "strides": layer.strides,
            "arguments": layer.arguments,
            "gflop": layer.flops / 1e9,
            "bound_ms": {part: 1e3 * bounds[part] for part in PARTS},
            **_measure(layer, builders, dtype, seconds),
        }
        results["layers"].append(measured)
        report(measured, results)
    return results


def _measure(layer: NetworkLayer, builders: dict[str, Build], dtype: str, seconds: float) -> dict[str, Any]:
    arrays = random_arrays(layer, dtype)
    built = {name: build(layer, arrays) for name, build in builders.items()}
    programs = {name: made for name, made in built.items() if made is not None}
    _check(layer, programs, dtype)
    measured: dict[str, Any] = {}
    for index, part in enumerate(PARTS):
        times = interleaved({name: getattr(p, part) for name, p in programs.items()}, seconds)
        measured[part] = {
            name: {
                **summary(times[name]),
                **({"compile_s": p.compile_seconds[index]} if p.compile_seconds else {}),
                **({"temporary_mb": p.temporary_bytes[index] / 1e6} if p.temporary_bytes else {}),
            }
            for name, p in programs.items()
        }
    return measured


def _check(layer: NetworkLayer, programs: dict[str, Programs], dtype: str) -> None:
    """All contenders compute the same layer; far coarser than rounding, since the tests see to that."""
    results = {name: program.result() for name, program in programs.items()}
    expected = results["jtconv"]
    allowed = 50 * float(jnp.finfo(dtype).eps) * float(np.max(np.abs(expected)))
    for name, result in results.items():
        error = float(np.max(np.abs(result - expected)))
        if not error <= allowed:
            raise ValueError(f"{name} differs from jtconv on {layer.name}: by {error:.2g}, allowed {allowed:.2g}.")


def save(results: dict[str, Any], path: Path) -> None:
    """As JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
