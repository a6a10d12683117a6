"""Every layer, part and method, compiled for each device."""

import dataclasses
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from jtconv._version import __version__
from jtconv.bench._layers import NetworkLayer
from jtconv.bench.ahead._devices import DEVICES, compiler_version
from jtconv.bench.ahead._process import NotCompiled, Worker
from jtconv.bench.ahead._programs import layer_program, methods

PROGRAM = f"{layer_program.__module__}:{layer_program.__name__}"

Report = Callable[[str, dict[str, Any], dict[str, Any]], None]


def run(
    layers: list[NetworkLayer],
    devices: list[str],
    *,
    dtype: str,
    parts: list[str],
    every_method: bool,
    time_limit: float,
    report: Report,
) -> dict[str, Any]:
    """Compile all; `report` is given the device and the layer just done, and the results so far."""
    results = {"machine": {**describe(), "dtype": dtype}, "devices": {}}
    for name in devices:
        done: list[dict[str, Any]] = []
        results["devices"][name] = {**describe_device(name), "layers": done}
        with Worker(name) as worker:
            for layer in layers:
                done.append(_layer(worker, layer, dtype, parts, every_method, time_limit))
                report(name, done[-1], results)
    return results


def describe() -> dict[str, Any]:
    """Versions and date, for the head of a result."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "jtconv": __version__,
        "jax": version("jax"),
        "jaxlib": version("jaxlib"),
    }


def describe_device(name: str) -> dict[str, Any]:
    """The device and the compiler for it, for the head of its results."""
    return {"device": DEVICES[name].title, "compiler": compiler_version(DEVICES[name])}


def _layer(
    worker: Worker, layer: NetworkLayer, dtype: str, parts: list[str], every_method: bool, time_limit: float
) -> dict[str, Any]:
    """Figures by part and method, and why those that failed did."""
    found: dict[str, Any] = {**layer.facts, "failed": {}}
    fields = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    for part in parts:
        found[part] = {}
        for method in methods(part, every_method):
            arguments = {"layer": fields, "part": part, "method": method, "dtype": dtype}
            try:
                found[part][method] = worker.ask(PROGRAM, arguments, time_limit)
            except NotCompiled as error:
                found["failed"].setdefault(part, {})[method] = str(error)
    return found
