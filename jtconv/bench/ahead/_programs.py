"""The programs that are compiled: a part of a layer's work by one method, without any array.

forward           x = Cᵀ y
y_gradient        the gradient of sum(x * g) by y, which is C g
kernel_gradient   its gradient by the kernel
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jtconv._conv_transpose import METHODS
from jtconv.bench._contenders import MAX_MATRIX_ENTRIES, lax_function, own_function
from jtconv.bench._layers import NetworkLayer
from jtconv.bench._programs import Function, NotRun

TITLES = {"forward": "forward", "y_gradient": "gradient by y", "kernel_gradient": "kernel's gradient"}
PARTS = tuple(TITLES)
OWN, LAX = "auto", "lax"  # "lax" is lax's own functions alone, differentiated by JAX


class Compilable(NamedTuple):
    """A function, the shapes of its arguments, and what its compiled program is measured by.

    Attributes:
      function: jitted.
      arguments: a pytree of `jax.ShapeDtypeStruct` for each argument.
      needed: the least number of multiplications.
      array_bytes: the size of all arrays given and returned.
    """

    function: Any
    arguments: tuple[Any, ...]
    needed: int
    array_bytes: int


def methods(part: str, every: bool) -> tuple[str, ...]:
    """The methods that a part is compiled by; the gradients do not depend on which of this package's is meant."""
    return tuple(dict.fromkeys((OWN, LAX, *METHODS))) if every and part == "forward" else (OWN, LAX)


def layer_program(layer: dict[str, Any], part: str, method: str, dtype: str) -> Compilable:
    """Build one part of a layer, whose fields come from JSON."""
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    one = NetworkLayer(**{**layer, "size": tuple(layer["size"])})
    if method == "matrix" and one.needed > one.batch * MAX_MATRIX_ENTRIES:
        raise NotRun(f"its matrix would have more than {MAX_MATRIX_ENTRIES:.2g} entries")
    function = lax_function(one) if method == LAX else own_function(one, method)
    shapes = one.y_shape, one.kernel_shape, one.x_shape
    arguments = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes)
    array_bytes = jnp.dtype(dtype).itemsize * sum(map(math.prod, shapes))
    count = 2 if part == "forward" else 3
    return Compilable(jax.jit(part_of(function, part)), arguments[:count], one.needed, array_bytes)


def part_of(f: Function, part: str) -> Callable[..., Array]:
    """The function of y, the kernel and g that a part is."""

    def y_gradient(y: Array, kernel: Array, g: Array) -> Array:
        return jax.vjp(lambda y: f(y, kernel), y)[1](g)[0]

    def kernel_gradient(y: Array, kernel: Array, g: Array) -> Array:
        return jax.vjp(partial(f, y), kernel)[1](g)[0]

    return {"forward": f, "y_gradient": y_gradient, "kernel_gradient": kernel_gradient}[part]
