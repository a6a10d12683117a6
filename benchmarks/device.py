"""Every implementation of C, Cᵀ and the kernel's gradient on the device at hand, checked and timed in a few minutes.

    python -m benchmarks.device --out benchmarks/results/device/h200-float32.json

For each layer of `jtconv bench` and each of the three maps: "auto", every implementation that composes operations of
XLA, and PyTorch (cuDNN) where it is installed. All results are compared with this machine's CPU, within a bound that
knows of TF32 and bfloat16, and all run in turn. Nothing is fitted; the JSON says which one "auto" would have to take.
"""

import argparse
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jtconv._compute.implementation import Implementation, Request
from jtconv._primitives import family
from jtconv._primitives.dispatch import choose, implementations
from jtconv.bench._layers import RARE, SUITE, NetworkLayer
from jtconv.bench._machine import describe
from jtconv.bench._markdown import digits, table, times
from jtconv.bench._programs import Arrays, random_arrays, reason
from jtconv.bench._run import save
from jtconv.bench._timing import Guarded, interleaved, summary
from jtconv.bench._torch_contender import torch

MAPS = ("transposed", "forward", "kernel_gradient")
OPERANDS = {"transposed": ("y", "kernel"), "forward": ("g", "kernel"), "kernel_gradient": ("g", "y")}
TORCH_PARTS = {"transposed": "forward", "kernel_gradient": "kernel_gradient"}  # as `jtconv bench` names them
LEFT_OUT = ("matrix", "scatter", "cpu_kernels")  # slow by design, or for a CPU
# Relative error of an operand as it enters a product: JAX's default rounds float32 to TF32 on a GPU, bfloat16 on a TPU.
ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": {"cpu": 2.0**-24, "gpu": 2.0**-11, "tpu": 2.0**-8}}
ROUNDING_OF_SUMS = 2.0**-24  # in float32
DEVIATIONS = 6  # that an entry's error may be off, of independent roundings; a billion entries stay within

Run = Callable[[], Any]


def programs(layer: NetworkLayer, arrays: Arrays, computes: str) -> tuple[dict[str, Run], dict[str, str]]:
    """The programs to run, by name; and why others are not run."""
    operands = [jnp.asarray(getattr(arrays, name)) for name in OPERANDS[computes]]
    functions: dict[str, Callable[..., Any]] = {
        "auto": partial(getattr(family, computes), spec=layer.spec, precision=None)
    }
    for one in implementations(computes):
        computes_any = computes == "transposed" and one.is_method
        if one.name not in LEFT_OUT and (computes_any or one.supports(_request(layer, computes))):
            functions[one.name] = partial(_run, one, layer)
    found, failed = {}, {}
    for name, function in functions.items():
        try:
            executable = jax.jit(function).lower(*operands).compile()
            found[name] = partial(lambda run: jax.block_until_ready(run(*operands)), executable)
        except Exception as error:  # an implementation need not know every layer
            failed[name] = reason(error)
    for in_channels_last in (False, True):
        name = "torch channels last" if in_channels_last else "torch"
        try:
            program = torch(in_channels_last, layer, arrays, TORCH_PARTS[computes]) if computes in TORCH_PARTS else None
            if program is not None:
                found[name] = program.run
        except Exception as error:  # absent, or without this device
            failed[name] = reason(error)
    return found, failed


def _run(one: Implementation, layer: NetworkLayer, a: jax.Array, b: jax.Array) -> jax.Array:
    return one.run(a, b, layer.spec, None)


def reference(layer: NetworkLayer, arrays: Arrays, computes: str) -> tuple[np.ndarray, np.ndarray]:
    """The map on this machine's CPU in float32, and the allowed error of each entry."""
    cpu = jax.devices("cpu")[0]
    operands = [np.asarray(getattr(arrays, name), np.float32) for name in OPERANDS[computes]]
    with jax.default_device(cpu):
        f = jax.jit(partial(getattr(family, computes), spec=layer.spec, precision=jax.lax.Precision.HIGHEST))
        exact, squares = (np.asarray(f(*map(change, operands))) for change in (jnp.asarray, np.square))
    # Each product is off by the roundings of its operands, and by those of the sums after it, here and there.
    # Independent ones add up by their squares. The last one rounds the result.
    terms = layer.batch * math.prod(layer.size) if computes == "kernel_gradient" else math.prod(layer.kernel_shape)
    rounding = _rounding(str(arrays.y.dtype))
    relative = math.sqrt(2 / 3) * rounding + 2 * math.sqrt(terms) * ROUNDING_OF_SUMS
    return exact, DEVIATIONS * relative * np.sqrt(squares) + rounding * np.abs(exact)


def _rounding(dtype: str) -> float:
    known = ROUNDING[dtype]
    return known[jax.default_backend()] if isinstance(known, dict) else known


def measure(layer: NetworkLayer, dtype: str, seconds: float) -> dict[str, Any]:
    """Times, errors and failures of one layer, by map."""
    arrays = random_arrays(layer, dtype)
    measured = {}
    for computes in MAPS:
        found, failed = programs(layer, arrays, computes)
        exact, allowed = reference(layer, arrays, computes)
        errors = {}
        for name, run in list(found.items()):
            try:
                result = run()
            except Exception as error:  # out of memory perhaps
                failed[name] = reason(error)
                del found[name]
                continue
            if not name.startswith("torch"):  # whose layout is another; `jtconv bench` compares it
                error = np.abs(np.asarray(result, np.float32) - exact)
                errors[name] = float(np.max(error / np.maximum(allowed, np.finfo(np.float32).tiny)))
        guarded = {name: Guarded(run) for name, run in found.items()}
        took = {name: summary(t) for name, t in interleaved(guarded, seconds).items() if not guarded[name].failure}
        failed |= {name: run.failure for name, run in guarded.items() if run.failure}
        measured[computes] = {
            "ms": took,
            "error_over_bound": errors,
            "failed": failed,
            "auto": _choice(layer, computes),
        }
    return measured


def _choice(layer: NetworkLayer, computes: str) -> str:
    """The implementation that "auto" takes here."""
    return choose(computes, _request(layer, computes)).name


def _request(layer: NetworkLayer, computes: str) -> Request:
    shapes = {"y": layer.y_shape, "g": layer.x_shape, "kernel": layer.kernel_shape}
    platform = {"gpu": "cuda"}.get(jax.default_backend(), jax.default_backend())
    first, second = OPERANDS[computes]
    return Request(layer.spec, (shapes[first], shapes[second]), platform)


def markdown(results: dict[str, Any]) -> str:
    """A row for each layer and map: the quickest, and "auto" against it, lax and PyTorch."""
    rows = []
    for name, maps in results["layers"].items():
        for computes, found in maps.items():
            ms = {one: figures["ms"] for one, figures in found["ms"].items()}
            own = {one: t for one, t in ms.items() if not one.startswith("torch")}
            if "auto" not in ms:
                continue
            best = min(own, key=lambda one: own[one])
            peers = [t for one, t in ms.items() if one.startswith("torch")]
            worst = max(found["error_over_bound"].values())
            rows.append(
                [name, computes, found["auto"], digits(1e3 * ms["auto"]), best, times(ms["auto"] / own[best]),
                 times(ms["lax"] / ms["auto"] if "lax" in ms else None),
                 times(min(peers) / ms["auto"] if peers else None), digits(worst)]
            )  # fmt: skip
    head = ["layer", "map", "auto is", "auto, µs", "quickest", "auto / quickest", "lax", "torch", "error / bound"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", choices=sorted(ROUNDING), default="float32", help="default: float32")
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="layers whose name contains NAME; default: all")
    parser.add_argument("--minutes", type=float, default=7.5, help="no layer is begun after these; default: 7.5")
    parser.add_argument("--seconds", type=float, default=0.05, help="of timed runs, each program; default: 0.05")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all measurements to FILE, as JSON")
    arguments = parser.parse_args()
    results = {"machine": describe(arguments.dtype), "layers": {}, "not_reached": []}
    begin = time.monotonic()
    wanted = [
        layer
        for layer in (*SUITE, *RARE)
        if not arguments.layers or any(n.lower() in layer.name.lower() for n in arguments.layers)
    ]
    for i, layer in enumerate(wanted, 1):
        if time.monotonic() - begin > 60 * arguments.minutes:
            results["not_reached"].append(layer.name)
            continue
        results["layers"][layer.name] = measure(layer, arguments.dtype, arguments.seconds)
        print(f"{i}/{len(wanted)} {layer.name} at {time.monotonic() - begin:.0f} s", flush=True)
        if arguments.out is not None:  # after every layer, so that an interrupted run keeps its results
            save(results, arguments.out)
    print(markdown(results))
    if results["not_reached"]:
        print(f"Not reached in {arguments.minutes:g} minutes: {', '.join(results['not_reached'])}.")
    failed = [f"{n}, {m}" for n, maps in results["layers"].items() for m, f in maps.items() if _wrong(f)]
    if failed:
        raise SystemExit(f"Beyond the bound of rounding: {'; '.join(failed)}.")


def _wrong(found: dict[str, Any]) -> bool:
    return not all(error <= 1 for error in found["error_over_bound"].values())


if __name__ == "__main__":
    main()
