"""`LinearMap`: the products of a matrix, which singular values and other libraries' operators are made from."""

from __future__ import annotations

from typing import Protocol

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


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
