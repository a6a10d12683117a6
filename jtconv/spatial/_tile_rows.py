"""Read, write and add rows of images by number.

Only slices touch large arrays. Rows are ordered within a tile: for indexing by row, XLA copies an array to another
layout, and a tile is much smaller than an image. bfloat16 images are held as their bits: XLA for
the CPU computes bfloat16 in float32, and would convert whole images that a loop carries.
"""

from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.sharding import transpose_of
from jtconv.spatial._tile_plan import TilePlan

Index = Array | int


def as_bits(image: Array) -> Array:
    """The image as the functions below take it: bfloat16 as its bits."""
    return lax.bitcast_convert_type(image, jnp.uint16) if image.dtype == jnp.bfloat16 else image


def from_bits(image: Array) -> Array:
    """Undo `as_bits`. No image has the bits' dtype, so it is unambiguous."""
    return lax.bitcast_convert_type(image, jnp.bfloat16) if image.dtype == jnp.uint16 else image


def read_window(x: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile's window of the padded input (N, *input_size, ch): (images, *window, ch)."""
    at, first = 1 + plan.axis, plan.first_run_row(tile)
    rows = _cut(x, plan, image, first, plan.run)
    if plan.wrapped:
        rows = jnp.concatenate([rows, _cut(x, plan, image, 0, plan.wrapped)], at)
    return _ordered(rows, plan, tile)


def add_window(x: Array, window: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """Add the transpose of `read_window` to x."""
    at, first = 1 + plan.axis, plan.first_run_row(tile)
    shape = (*window.shape[:at], plan.run + plan.wrapped, *window.shape[at + 1 :])
    rows = transpose_of(lambda rows: _ordered(rows, plan, tile), shape, window.dtype, window)
    x = _add(x, lax.slice_in_dim(rows, 0, plan.run, axis=at), plan, image, first)
    return _add(x, lax.slice_in_dim(rows, plan.run, None, axis=at), plan, image, 0) if plan.wrapped else x


def new_outputs(y: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile of outputs, with zeros for the rows that an earlier tile has: (images, *output_size of a tile, ch)."""
    rows = _cut(y, plan, image, plan.first_row(tile), plan.rows)
    new = plan.new_rows(tile)
    return jnp.where(jnp.expand_dims(new, [axis for axis in range(y.ndim) if axis != 1 + plan.axis]), rows, 0)


def put_outputs(y: Array, made: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """Write a tile of outputs into y."""
    return lax.dynamic_update_slice(y, as_bits(made), _start(y, plan, image, plan.first_row(tile)))


def _ordered(rows: Array, plan: TilePlan, tile: Array) -> Array:
    """Order the rows that have been read as the rows of a tile's window; a linear map."""
    at = 1 + plan.axis
    # In this shape a row is long, and XLA's loops over it are fast.
    flat = rows.reshape(prod(rows.shape[:at]), rows.shape[at], prod(rows.shape[at + 1 :]))
    window = flat.at[:, plan.window_rows(tile)].get(mode="fill", fill_value=0)
    return window.reshape(*rows.shape[:at], window.shape[1], *rows.shape[at + 1 :])


def _cut(array: Array, plan: TilePlan, image: Array, row: Index, rows: int) -> Array:
    at = 1 + plan.axis
    size = (plan.images, *array.shape[1:at], rows, *array.shape[at + 1 :])
    return from_bits(lax.dynamic_slice(array, _start(array, plan, image, row), size))


def _add(array: Array, part: Array, plan: TilePlan, image: Array, row: Index) -> Array:
    there = _cut(array, plan, image, row, part.shape[1 + plan.axis])
    return lax.dynamic_update_slice(array, as_bits(there + part), _start(array, plan, image, row))


def _start(array: Array, plan: TilePlan, image: Array, row: Index) -> tuple[Array, ...]:
    """Start indices of rows of (N, *size, ch)."""
    nothing = jnp.zeros_like(image)
    return (image, *(nothing + row if axis == plan.axis else nothing for axis in range(array.ndim - 1)))
