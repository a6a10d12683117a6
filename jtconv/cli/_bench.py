"""`jtconv bench`: time layers of published networks in jtconv and in the installed frameworks."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from jtconv.cli import _compile_for

DTYPES = ("float32", "bfloat16", "float16", "float64")
PARTS = ("forward", "both", "kernel_gradient")
SECONDS = 0.5
CLEAR = "\r\033[K"  # empties the terminal's running line
SECONDS_TO_COMPILE = 0.7  # a program, and to check it, roughly: for the estimate alone


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "bench",
        help="time layers of published networks against lax, flax, equinox, keras and torch",
        description="Time the transposed convolutions of published networks, forward and with both gradients, against "
        "lax and against flax, equinox, keras and torch where they are installed. All libraries take turns. The tables "
        "give medians, and the speed-up over the fastest of each group.",
        epilog="Example: jtconv bench --layers FCN U-Net --seconds 1 --out fcn.json --plot fcn.svg",
    )
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="layers whose name contains NAME; default: all")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="default: float32")
    known = tuple(dict.fromkeys((*PARTS, *_compile_for.PARTS)))
    parser.add_argument("--parts", nargs="+", choices=known, help="computations to time; default: forward both")
    parser.add_argument("--seconds", type=float, help=f"seconds for each library; default: {SECONDS}")
    parser.add_argument("--methods", action="store_true", help="also time each method of jtconv, forward")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all measurements to FILE, as JSON")
    parser.add_argument("--table", type=Path, metavar="FILE", help="measure nothing; read a FILE written by --out")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios, as .png or .svg (needs matplotlib)")
    _compile_for.register(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, compile for another device, or read an earlier result; print the tables, and draw the plot."""
    from jtconv.bench import _markdown, _panels

    _check(arguments)
    if arguments.plot is not None:
        _panels.check(arguments.plot)
        _writable("--plot", arguments.plot)
    if arguments.table is not None:
        results = _read(arguments.table)
    else:
        results = _results(arguments)
        print()
    report, plot = _text_and_plot(results)
    text = report(results)
    print(_markdown.aligned(text) if sys.stdout.isatty() else text)  # what takes it from a pipe may be a document
    if arguments.plot is not None:
        plot(results, arguments.plot)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that contradict each other, and give the others their defaults."""
    ahead = arguments.compile_for is not None
    if ahead and arguments.seconds is not None:
        raise ValueError("--seconds: nothing is timed with --compile-for; --time-limit bounds the compiler.")
    if ahead and arguments.table is not None:
        raise ValueError("--table reads an earlier result, and --compile-for makes one: give one of them.")
    if not ahead and arguments.time_limit is not None:
        raise ValueError("--time-limit is for --compile-for; --seconds bounds the time of a measurement.")
    parts = _compile_for.PARTS if ahead else PARTS
    if wrong := [part for part in arguments.parts or () if part not in parts]:
        allowed = f"{'with' if ahead else 'without'} --compile-for they are {' '.join(parts)}"
        raise ValueError(f"--parts {' '.join(wrong)}: {allowed}.")
    if ahead:
        _compile_for.check(arguments)
    arguments.parts = arguments.parts or (parts if ahead else PARTS[:2])
    arguments.seconds = SECONDS if arguments.seconds is None else arguments.seconds
    if not 0 < arguments.seconds < float("inf"):
        raise ValueError(f"--seconds must be above 0, got {arguments.seconds}.")


def _text_and_plot(results: dict[str, Any]) -> tuple[Callable[..., str], Callable[..., None]]:
    """The functions for these results' tables and plot: of times, or of compiled programs."""
    if "devices" in results:
        from jtconv.bench.ahead import _plot, _report
    else:
        from jtconv.bench import _plot, _report
    return _report.markdown, _plot.plot


def _results(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.out is not None:
        _writable("--out", arguments.out)
    layers = _layers(arguments.layers, rare=arguments.compile_for is not None)
    return _measure(arguments, layers) if arguments.compile_for is None else _compile_for.compile_for(arguments, layers)


def _measure(arguments: argparse.Namespace, layers: list[Any]) -> dict[str, Any]:
    from jtconv.bench import _report, _run
    from jtconv.bench._contenders import contenders

    if arguments.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    builders, parts = contenders(arguments.methods), [part for part in PARTS if part in arguments.parts]
    device = jax.devices()[0]
    print(
        f"{len(layers)} layers in {arguments.dtype} on {device.platform} ({device.device_kind}), timed in turn by "
        f"{', '.join(builders)}.\nAbout {_minutes(len(layers) * len(builders) * len(parts), arguments.seconds)}: "
        "first the machine's own rates, then a line for each layer, then the tables.",
        flush=True,
    )

    in_terminal = sys.stdout.isatty()

    def begin(what: str) -> None:
        if in_terminal:
            print(f"{CLEAR}measuring {what} …", end="", flush=True)

    def report(layer: dict[str, Any], results: dict[str, Any]) -> None:
        print(f"{CLEAR if in_terminal else ''}{_report.line(layer)}", flush=True)
        if arguments.out is not None:  # write after every layer, so that an interrupted run keeps its results
            _run.save(results, arguments.out)

    return _run.run(
        layers, builders, dtype=arguments.dtype, seconds=arguments.seconds, parts=parts, begin=begin, report=report
    )


def _minutes(programs: int, seconds: float) -> str:
    """How long that many programs take: each is compiled, then timed."""
    minutes = programs * (seconds + SECONDS_TO_COMPILE) / 60
    return "a minute" if minutes < 1.5 else f"{minutes:.0f} minutes"


def _layers(names: list[str] | None, *, rare: bool) -> list[Any]:
    from jtconv.bench._layers import RARE, SUITE

    every = (*SUITE, *RARE) if rare else SUITE
    found = [layer for layer in every if not names or any(name.lower() in layer.name.lower() for name in names)]
    if not found:
        known = ", ".join(layer.name for layer in every)
        raise ValueError(f"--layers {' '.join(names or [])}: no layer's name contains that. There are: {known}.")
    return found


def _writable(option: str, path: Path) -> None:
    """Check that the file can be written, before anything is measured."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise ValueError(f"{option} {path}: cannot be written: {error.strerror}.") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        _text_and_plot(results)[0](results)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise ValueError(
            f"--table {path}: cannot be read as a result of jtconv bench: {reason}. Write one with --out FILE."
        ) from None
    return results
