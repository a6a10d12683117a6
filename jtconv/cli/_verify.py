"""`jtconv verify`: check on this machine that `conv_transpose` is the transpose of `conv`."""

import argparse
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jtconv._explain.explain import Explanation
from jtconv._geometry import arguments as arg
from jtconv._verify.layers import LAYERS, Layer
from jtconv._verify.verify import TransposeReport, verify_transpose
from jtconv.cli._layer import add_channels, add_layer, explained, is_given

CHANNELS = (3, 2)  # into and out of the layer, for each group
MAX_PRODUCTS = 2**22  # of the kernel by positions of y: beyond it a call's channels take gigabytes
DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")

EXPLAINED = """\
A number is an error: the largest difference from JAX's own gradient of lax's convolution, over the largest value.
auto to polyphase: methods for Cᵀ y; kernel: its gradient; C x·y: sum(C x · y) = sum(x · Cᵀ y); Jacobian: the matrix C.
of bound: the largest error over what rounding alone may cause at its place; ok: nowhere above 1.
"""


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "verify",
        help="check every method for the transposed convolution against jax.vjp",
        description="Check every method, and the kernel's gradient, against jax.vjp of lax's convolution, the "
        "dot-product identity, and the sparse matrix against the Jacobian, each within its rounding bound. "
        "Without a layer, check 30 built-in layers. The exit status is 1 if a bound is exceeded.",
        epilog="Examples: jtconv verify --input-size 10 12 --kernel-size 4 3 --strides 2 --output-padding 0 1; "
        'jtconv verify --from torch "ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)" '
        "--input-size 7",
    )
    add_layer(parser)
    add_channels(parser, f"; default: what --from says, else {CHANNELS[0]} {CHANNELS[1]}, times --groups")
    parser.add_argument("--dtype", choices=DTYPES, default="float64", help="default: float64")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random kernels, x and y; default: 0")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the report of one layer, or the table of the built-in ones."""
    arg.at_least("--seed", arguments.seed, 0)
    if arguments.dtype in ("float64", "complex128"):
        jax.config.update("jax_enable_x64", True)
    layer = _layer(arguments)
    if layer is not None:
        report = _report(layer, arguments)
        print(report)
        return 0 if report.ok else 1
    return 0 if _table(arguments) else 1


def _layer(arguments: argparse.Namespace) -> Layer | None:
    """The requested layer, or None for the built-in layers."""
    if not is_given(arguments):
        return None
    explanation = explained(arguments)
    geometry = explanation.geometry
    in_ch, out_ch = _channels(explanation)
    # The kernel is the convolution's, whose input is the transposed convolution's result.
    shape = (*geometry.kernel_size, out_ch // geometry.groups, in_ch)
    return Layer("", explanation.transposed_size, shape, geometry.arguments())


def _channels(explanation: Explanation) -> tuple[int, int]:
    """Channels into and out of the layer: the requested ones, unless a call's are too many for its matrix."""
    groups = explanation.geometry.groups
    usual = CHANNELS[0] * groups, CHANNELS[1] * groups
    asked = explanation.in_ch or usual[0], explanation.out_ch or usual[1]
    positions = math.prod((*explanation.input_size, *explanation.geometry.kernel_size))
    if explanation.call is None or positions * asked[0] * asked[1] // groups <= MAX_PRODUCTS:
        return asked
    print(f"Checked with {usual[0]} and {usual[1]} channels: a matrix of {asked[0]} and {asked[1]} is too large.")
    return usual


def _report(layer: Layer, arguments: argparse.Namespace) -> TransposeReport:
    kernel = _kernel(layer.kernel_shape, arguments.dtype, arguments.seed)
    return verify_transpose(kernel, layer.input_size, **layer.geometry, seed=arguments.seed)


def _kernel(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    # Use another random stream than that of x and y, which depend on the seed alone.
    rng = np.random.default_rng([seed, 1])
    values = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    return jnp.asarray(values, dtype)


def _table(arguments: argparse.Namespace) -> bool:
    """Verify the built-in layers; print each row as soon as it is ready."""
    device = jax.devices()[0]
    print(
        f"{len(LAYERS)} layers in {arguments.dtype} on {device.platform} ({device.device_kind}), jax {jax.__version__}"
    )
    print(EXPLAINED, flush=True)
    start, good, worst = time.perf_counter(), 0, 0.0
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # compilation releases the GIL
        reports = pool.map(lambda layer: _report(layer, arguments), LAYERS)
        for number, (layer, report) in enumerate(zip(LAYERS, reports, strict=True)):
            if number == 0:
                print(_heading(report))
            print(_row(layer, report), flush=True)
            good += report.ok
            worst = max(worst, report.worst.of_bound)
    seconds = time.perf_counter() - start
    print(
        f"\n{good} of {len(LAYERS)} layers within their rounding bound, at most {worst:.0%} of it, in {seconds:.0f} s"
    )
    return good == len(LAYERS)


def _heading(report: TransposeReport) -> str:
    columns = "".join(f"{name:>{width}}" for name, width in _columns(report))
    line = f"{'layer':<31}{columns}{'of bound':>10}"
    return f"{line}\n{'-' * (len(line) + 6)}"


def _columns(report: TransposeReport) -> list[tuple[str, int]]:
    """Heading and width of each check's column."""
    names = [_short(check.name) for check in report.checks]
    return [(name, max(len(name) + 1, 7)) for name in names]


def _short(name: str) -> str:
    first = name.split()[0]
    return {"sum(C": "C x·y", "C": "Jacobian"}.get(first, first)


def _row(layer: Layer, report: TransposeReport) -> str:
    widths = [width for _, width in _columns(report)]
    errors = [_number(check.relative) for check in report.checks]
    columns = "".join(f"{error:>{width}}" for error, width in zip(errors, widths, strict=True))
    verdict = "ok" if report.ok else "FAIL"
    return f"{layer.name:<31}{columns}{_number(report.worst.of_bound):>10}  {verdict}"


def _number(value: float) -> str:
    return f"{value:.0e}" if value else "0"
