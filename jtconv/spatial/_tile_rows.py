"""Rows of images, read, put and added to by number.

An image (N, *size, ch) is looked at as (N, before, rows, after): the axes before the one that is cut, and
those after it with the channels. So a row is long, and XLA's loops over it are quick.
"""

from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv.spatial._tile_plan import TilePlan


def by_rows(image: Array, axis: int) -> Array:
    """(N, *size, ch) -> (N, before, rows, after), `axis` being a spatial one."""
    n, at = image.shape[0], 1 + axis
    return image.reshape(n, prod(image.shape[1:at]), image.shape[at], prod(image.shape[at + 1 :]))


def read_window(x: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile's window of the padded input: (images, *window, ch)."""
    n, (_, before, _, after) = plan.images, x.shape
    rows = lax.gather(
        x,
        _window_indices(plan, tile, image),
        lax.GatherDimensionNumbers(offset_dims=(0, 1, 3), collapsed_slice_dims=(2,), start_index_map=(0, 2)),
        slice_sizes=(n, before, 1, after),
        mode="fill",
        fill_value=0,
    )
    return rows.reshape(n, *plan.tile.input_size, -1)


def add_window(x: Array, window: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """x with the transpose of `read_window` added."""
    return lax.scatter_add(
        x,
        _window_indices(plan, tile, image),
        by_rows(window, plan.axis),
        lax.ScatterDimensionNumbers(
            update_window_dims=(0, 1, 3), inserted_window_dims=(2,), scatter_dims_to_operand_dims=(0, 2)
        ),
        mode="drop",
    )


def new_outputs(y: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile of outputs, with zeros for the rows that an earlier tile has: (images, *output_size of a tile, ch)."""
    n, (_, before, _, after) = plan.images, y.shape
    rows = lax.dynamic_slice(y, _start(plan, tile, image), (n, before, plan.rows, after))
    new = jnp.asarray(plan.new_rows())[tile]
    return jnp.where(new[:, None], rows, 0).reshape(n, *plan.tile.output_size, -1)


def put_outputs(y: Array, made: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """y with a tile of outputs put in its place."""
    return lax.dynamic_update_slice(y, by_rows(made, plan.axis), _start(plan, tile, image))


def _window_indices(plan: TilePlan, tile: Array, image: Array) -> Array:
    """(first image, row of the input) for each row of a tile's window."""
    rows = jnp.asarray(plan.window_rows())[tile]
    return jnp.stack([jnp.full_like(rows, image), rows], axis=-1)


def _start(plan: TilePlan, tile: Array, image: Array) -> tuple[Array, ...]:
    """Where a tile of outputs begins."""
    nothing = jnp.zeros_like(image)
    return image, nothing, jnp.asarray(plan.first_rows())[tile], nothing
