"""The machine: its description, and the rates that bound every layer on it."""

import importlib.metadata
import math
import os
import platform
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jtconv._compute import cpu
from jtconv._version import __version__
from jtconv.bench._layers import NetworkLayer

RUNS = 10  # of a product or a copy, of which the quickest counts


class Rates(NamedTuple):
    """Rates of a large matrix product, in FLOP/s, and of a copy, in bytes read and written a second."""

    flops: float
    bytes: float

    def best(self, other: "Rates") -> "Rates":
        """The higher of each: the rate when nothing disturbs the machine."""
        return Rates(*map(max, self, other))


def describe(dtype: str) -> dict[str, Any]:
    """Device, versions and date, for the head of a result."""
    device = jax.devices()[0]
    names = ("jax", "jaxlib", "numpy", "flax", "equinox", "keras", "torch")
    versions = {name: version for name in names if (version := _version(name))}
    return {
        "date": time.strftime("%Y-%m-%d"),
        "device": f"{device.platform} ({device.device_kind})",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "jtconv": __version__,
        "cpu_kernels": "compiled" if cpu.available() else "none",
        **versions,
        "dtype": dtype,
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def measured_rates(dtype: str) -> Rates:
    """The best of several runs: the rates when nothing disturbs the machine."""
    on_cpu = jax.default_backend() == "cpu"
    n = 2048 if on_cpu else 8192
    square = jnp.ones((n, n), dtype)
    product = jax.jit(lambda a: a @ a)
    # On a CPU below the size at which the system hands out new pages each time; elsewhere above all caches.
    copied = jnp.ones(2**22 if on_cpu else 2**28, dtype)
    copy = jax.jit(lambda a: a + 1)
    return Rates(2 * n**3 / _best(lambda: product(square)), 2 * copied.nbytes / _best(lambda: copy(copied)))


def _best(run: Callable[[], jax.Array]) -> float:
    """Seconds of the quickest of several runs."""
    run().block_until_ready()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run().block_until_ready()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def bound_seconds(layer: NetworkLayer, itemsize: int, rates: Rates) -> dict[str, float]:
    """The least time for each part of a layer: its arithmetic or its arrays, whichever takes longer."""
    y, kernel, x = (itemsize * math.prod(shape) for shape in (layer.y_shape, layer.kernel_shape, layer.x_shape))
    once = y + kernel + x
    moved = {"forward": once, "both": 3 * (y + kernel) + 2 * x, "kernel_gradient": once}
    work = {"forward": layer.flops, "both": 3 * layer.flops, "kernel_gradient": layer.flops}
    return {part: max(work[part] / rates.flops, moved[part] / rates.bytes) for part in moved}
