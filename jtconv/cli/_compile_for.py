"""`jtconv bench --compile-for DEVICE`: what layers become on a device that is not there."""

import argparse
import json
from typing import Any

PARTS = ("forward", "y_gradient", "kernel_gradient")
MAX_SECONDS = 120.0  # to compile one program; some take a TPU's compiler minutes
DAY = 86_400  # seconds


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options to those of `jtconv bench`."""
    group = parser.add_argument_group(
        "for a device that is not there",
        "Compile the layers for a GPU or TPU that this machine lacks, and count in the compiled programs: what each "
        'convolution became, multiplications by those needed, inserted zeros, temporary memory; for "auto" and for lax '
        "alone. Nothing is timed. Devices: h100 h200 a100 b200 l4 rtx4090 (pip install jax-cuda13-pjrt, of jax's own "
        "version) and v4 v5e v5p v6e tpu7x (pip install libtpu). No driver is needed. --parts are then forward "
        "y_gradient kernel_gradient, all by default; --methods adds each method, forward. "
        "Example: jtconv bench --compile-for h100 v5e --layers FCN --out fcn.json",
    )
    group.add_argument("--compile-for", nargs="+", metavar="DEVICE", help="compile for these devices instead of timing")
    group.add_argument(
        "--time-limit", type=float, metavar="SECONDS", help=f"to compile one program; default: {MAX_SECONDS:.0f}"
    )


def check(arguments: argparse.Namespace) -> None:
    """Check the options before any file is opened, and give the time limit its default."""
    from jtconv.bench.ahead._devices import device

    limit = MAX_SECONDS if arguments.time_limit is None else arguments.time_limit
    if not 0 < limit <= DAY:
        raise ValueError(f"--time-limit must be above 0, and at most {DAY} s, got {limit}.")
    arguments.time_limit = limit
    arguments.compile_for = list(dict.fromkeys(arguments.compile_for))
    for name in arguments.compile_for:
        device(name)  # each compiler is there, before the first is used


def compile_for(arguments: argparse.Namespace, layers: list[Any]) -> dict[str, Any]:
    """Compile, telling of each layer when it is done; the results."""
    from jtconv.bench import _run as bench
    from jtconv.bench.ahead import _report, _run

    devices = arguments.compile_for
    print(f"{len(layers)} layers in {arguments.dtype}, compiled for {', '.join(devices)}", flush=True)

    def report(device: str, layer: dict[str, Any], results: dict[str, Any]) -> None:
        print(_report.line(device, layer), flush=True)
        if arguments.out is not None:
            bench.save(results, arguments.out)

    results = _run.run(
        layers, devices, dtype=arguments.dtype, parts=[part for part in PARTS if part in arguments.parts],
        every_method=arguments.methods, time_limit=arguments.time_limit, report=report,
    )  # fmt: skip
    return json.loads(json.dumps(results))  # as --table reads them
