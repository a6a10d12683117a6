"""`jtconv bench`: layers of real networks, by this package and by whatever peers are installed."""

import argparse
import json
from pathlib import Path
from typing import Any

import jax

DTYPES = ("float32", "bfloat16", "float16", "float64")


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "bench",
        help="time layers of real networks against lax, flax, equinox and torch",
        description="Time the transposed convolutions of real networks, forward and with both gradients, against "
        "lax and against flax, equinox and torch where they are installed. All contenders run in turn; medians are "
        "given, and ratios: how many times as long the quickest of a group takes.",
        epilog="Example: jtconv bench --layers FCN U-Net --seconds 1 --out fcn.json",
    )
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="those whose name contains NAME; default: all")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="default: float32")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each contender; default: 0.5")
    parser.add_argument(
        "--methods", action="store_true", help="time this package's lax, overlap_add and polyphase as well"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write everything measured to FILE, as JSON")
    parser.add_argument("--table", type=Path, metavar="FILE", help="only print the Markdown table of such a FILE")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and report, or print the table of what was measured before."""
    from jtconv.bench import _report

    if arguments.table is not None:
        print(_report.table(_read(arguments.table)))
        return 0
    if not 0 < arguments.seconds < float("inf"):
        raise ValueError(f"--seconds must be above 0, got {arguments.seconds}.")
    if arguments.out is not None:
        _writable(arguments.out)
    if arguments.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    _measure(arguments)
    return 0


def _measure(arguments: argparse.Namespace) -> None:
    from jtconv.bench import _report, _run
    from jtconv.bench._contenders import contenders

    layers, builders = _layers(arguments.layers), contenders(arguments.methods)
    print(f"{len(layers)} layers in {arguments.dtype}; contenders: {', '.join(builders)}", flush=True)

    def report(layer: dict[str, Any], results: dict[str, Any]) -> None:
        print(_report.line(layer), flush=True)
        if arguments.out is not None:  # after every layer, so that an interrupted run is not lost
            _run.save(results, arguments.out)

    results = _run.run(layers, builders, dtype=arguments.dtype, seconds=arguments.seconds, report=report)
    print(f"\n{_report.table(results)}")


def _layers(names: list[str] | None) -> list[Any]:
    from jtconv.bench._layers import SUITE

    found = [layer for layer in SUITE if not names or any(name.lower() in layer.name.lower() for name in names)]
    if not found:
        known = ", ".join(layer.name for layer in SUITE)
        raise ValueError(f"--layers {' '.join(names or [])}: no layer's name contains that. There are: {known}.")
    return found


def _writable(path: Path) -> None:
    """Found out before anything is measured."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise ValueError(f"--out {path}: cannot be written: {error.strerror}.") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        for layer in results["layers"]:
            for part in ("forward", "both"):
                _ = layer["bound_ms"][part] / layer[part]["jtconv"]["ms"]
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"--table {path}: cannot be read as a result of jtconv bench: {reason}") from None
    return results
