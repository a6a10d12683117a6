"""Rows of images, read, put and added to by number.

An image (N, *size, ch) is looked at as (N·before, rows, after): the axes before the one that is cut, and
those after it with the channels. So a row is long, and XLA's loops over it are quick. (Four axes, of
which one may be 1, make XLA copy the image for another layout.)
"""

from math import prod

import jax.numpy as jnp
from jax import Array, lax

from jtconv.spatial._tile_plan import TilePlan


def by_rows(image: Array, axis: int) -> Array:
    """(N, *size, ch) -> (N·before, rows, after), `axis` being a spatial one."""
    at = 1 + axis
    return image.reshape(prod(image.shape[:at]), image.shape[at], prod(image.shape[at + 1 :]))


def read_window(x: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile's window of the padded input: (images, *window, ch)."""
    rows = lax.gather(
        x,
        _window_indices(plan, tile, image),
        lax.GatherDimensionNumbers(offset_dims=(0, 2), collapsed_slice_dims=(1,), start_index_map=(0, 1)),
        slice_sizes=(plan.images * _before(plan), 1, x.shape[2]),
        mode="fill",
        fill_value=0,
    )
    return rows.reshape(plan.images, *plan.tile.input_size, -1)


def add_window(x: Array, window: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """x with the transpose of `read_window` added."""
    return lax.scatter_add(
        x,
        _window_indices(plan, tile, image),
        by_rows(window, plan.axis),
        lax.ScatterDimensionNumbers(
            update_window_dims=(0, 2), inserted_window_dims=(1,), scatter_dims_to_operand_dims=(0, 1)
        ),
        mode="drop",
    )


def new_outputs(y: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """A tile of outputs, with zeros for the rows that an earlier tile has: (images, *output_size of a tile, ch)."""
    size = (plan.images * _before(plan, output=True), plan.rows, y.shape[2])
    rows = lax.dynamic_slice(y, _start(plan, tile, image), size)
    new = jnp.asarray(plan.new_rows())[tile]
    return jnp.where(new[:, None], rows, 0).reshape(plan.images, *plan.tile.output_size, -1)


def put_outputs(y: Array, made: Array, plan: TilePlan, tile: Array, image: Array) -> Array:
    """y with a tile of outputs put in its place."""
    return lax.dynamic_update_slice(y, by_rows(made, plan.axis), _start(plan, tile, image))


def _before(plan: TilePlan, *, output: bool = False) -> int:
    """Positions on the axes before the one that is cut."""
    size = plan.sized.output_size if output else plan.sized.input_size
    return prod(size[: plan.axis])


def _window_indices(plan: TilePlan, tile: Array, image: Array) -> Array:
    """Where each row of a tile's window begins in the input."""
    rows = jnp.asarray(plan.window_rows())[tile]
    return jnp.stack([jnp.full_like(rows, image * _before(plan)), rows], axis=-1)


def _start(plan: TilePlan, tile: Array, image: Array) -> tuple[Array, ...]:
    """Where a tile of outputs begins."""
    return image * _before(plan, output=True), jnp.asarray(plan.first_rows())[tile], jnp.zeros_like(image)
