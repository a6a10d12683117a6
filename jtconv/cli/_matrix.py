"""`jtconv matrix`: print the sparse matrix of a small layer, and its transpose."""

import argparse
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from jtconv._geometry.words import by
from jtconv._matrix.conv_matrix import ConvMatrix, conv_matrix
from jtconv.cli._layer import add_layer, explained

MAX_SIZE = 120  # rows or columns that fit on a screen
_TAPS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "matrix",
        help="draw the sparse matrix of a convolution and its transpose",
        description="Draw the matrix C of the convolution from x to y, for one channel, and its transpose, from y to "
        "x, whose input size --input-size is. Rows of C are vec(y), columns vec(x). Each kernel tap is a letter, in "
        "C order; + is a sum of several; . is zero.",
        epilog="Example: jtconv matrix --input-size 3 --kernel-size 3 --strides 2",
    )
    add_layer(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print both matrices."""
    layer = explained(arguments)
    geometry, x_size, y_size = layer.geometry, by(layer.transposed_size), by(layer.input_size)
    kernel = jnp.ones((*geometry.kernel_size, 1, geometry.groups))
    matrix = conv_matrix(kernel, layer.transposed_size, **geometry.arguments())
    rows, columns = matrix.shape
    print(f"C, {rows} x {columns}, {matrix.nnz} entries: the convolution, {x_size} to {y_size}\n{_draw(matrix)}\n")
    print(f"C transposed, {columns} x {rows}: the transposed convolution, {y_size} to {x_size}\n{_draw(matrix.T)}")
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
