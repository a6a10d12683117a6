"""Linear maps with `@`, and the checks of the arrays that stand beside them in a product."""

from __future__ import annotations

from typing import Any, Protocol

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jtconv._arrays import checks


class LinearMap(Protocol):
    """A linear map with `@`; `ConvOperator` is one. JAX must know it as a pytree."""

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        ...

    @property
    def dtype(self) -> jnp.dtype:
        """Dtype of its entries."""
        ...

    @property
    def H(self) -> LinearMap:
        """The adjoint."""
        ...

    def __matmul__(self, other: ArrayLike, /) -> Array:
        """C @ v for v (columns,) or V (columns, m)."""
        ...

    def todense(self) -> Array:
        """The full array."""
        ...


Shape = tuple[int, int]


def right_operand(other: ArrayLike, shape: Shape) -> Array:
    """`other` of C @ other, (columns,) or (columns, m) for C of `shape`."""
    _check_array(other)
    columns = checks.float_array("right operand of @", other)
    if columns.ndim not in (1, 2) or columns.shape[0] != shape[1]:
        raise ValueError(
            f"the right operand of @ must have shape ({shape[1]},) or ({shape[1]}, m) for a matrix of "
            f"shape {shape}, got {columns.shape}. An image (*size, ch) becomes a vector by ravel()."
        )
    return columns


def left_operand(other: ArrayLike, shape: Shape) -> Array:
    """`other` of other @ C, (rows,) or (m, rows) for C of `shape`."""
    _check_array(other)
    rows = checks.float_array("left operand of @", other)
    if rows.ndim not in (1, 2) or rows.shape[-1] != shape[0]:
        raise ValueError(
            f"the left operand of @ must have shape ({shape[0]},) or (m, {shape[0]}) for a matrix of "
            f"shape {shape}, got {rows.shape}."
        )
    return rows


def _check_array(other: Any) -> None:
    if hasattr(other, "todense") or hasattr(other, "matvec"):
        raise TypeError(
            f"`@` takes arrays; got {type(other).__name__}, which is a matrix but not an array. Multiply one after the "
            f"other: A @ (B @ v)."
        )


def same_shape(kernel: ArrayLike, shape: tuple[int, ...], holder: str, maker: str) -> Array:
    """`kernel`, checked to have the `shape` that its `holder`, made by `maker`, requires."""
    kernel = checks.float_array("kernel", kernel)
    if kernel.shape != shape:
        raise ValueError(
            f"`kernel` must have the shape of the one that this {holder} was made from, {shape}, got "
            f"{kernel.shape}. For another shape make another {holder}, with `{maker}`."
        )
    return kernel
