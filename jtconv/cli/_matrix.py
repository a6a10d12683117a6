"""`jtconv matrix`: print the sparse matrix of a small layer, and its transpose."""

import argparse
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from jtconv._matrix.conv_matrix import ConvMatrix, conv_matrix
from jtconv.cli._layer import add_layer, given_layer

MAX_SIZE = 120  # rows or columns that fit on a screen
_TAPS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "matrix",
        help="draw the sparse matrix of a convolution and its transpose",
        description="Draw the matrix C of a one-channel convolution, rows vec(y), columns vec(x), and its "
        "transpose. Each kernel tap is a letter, in C order; + is a sum of several; . is zero.",
        epilog="Example: jtconv matrix --input-size 7 --kernel-size 3 --strides 2",
    )
    add_layer(parser, size_required=True)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print both matrices."""
    layer = given_layer(arguments)
    kernel = jnp.ones((*layer.geometry.kernel_size, 1, layer.geometry.groups))
    matrix = conv_matrix(kernel, layer.input_size, **layer.geometry.arguments())
    print(f"C, {matrix.shape[0]} x {matrix.shape[1]}, {matrix.nnz} entries\n{_draw(matrix)}\n")
    print(f"C transposed, {matrix.shape[1]} x {matrix.shape[0]}\n{_draw(matrix.T)}")
    return 0


def _draw(matrix: ConvMatrix) -> str:
    if max(matrix.shape) > MAX_SIZE:
        return f"(larger than {MAX_SIZE} rows or columns; try a smaller --input-size)"
    count = np.asarray(matrix.todense())
    # The matrix is linear in the kernel, so a kernel of tap numbers shows the place of each tap.
    numbers = jnp.arange(math.prod(matrix.kernel_shape), dtype=jnp.float32).reshape(matrix.kernel_shape)
    tap = np.asarray(matrix.with_kernel(numbers).todense())
    return "\n".join(
        " ".join(_letter(int(n), int(t)) for n, t in zip(*rows, strict=True)) for rows in zip(count, tap, strict=True)
    )


def _letter(count: int, tap: int) -> str:
    if count != 1:
        return "+" if count else "."
    return _TAPS[tap % len(_TAPS)]
