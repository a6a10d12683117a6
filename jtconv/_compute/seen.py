"""What compilers' tools see of a kernel that is compiled elsewhere.

XLA counts the multiplications of a program, and the bytes that they read, from its operations. Of a call into a library
it knows neither, and says -1. So the call stands in one branch of a conditional, and the same map made of XLA's
operations in the other one, which never runs: XLA counts a conditional as its larger branch. The branch is chosen by a
constant that the compiler cannot see through. On two cores that takes 0 to 5 µs a call, and 20 ms to compile.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

Product = Callable[[Array, Array], Array]


def seen_as(form: Product, called: Product) -> Product:
    """`called`, which tools see as `form`: two ways of computing the same from two arrays."""

    def counted(a: Array, b: Array) -> Array:
        # Of the result one number only, as XLA would lay out all of it as this branch does.
        result = form(a, b)
        return jnp.full(result.shape, result.ravel()[0])

    def product(a: Array, b: Array) -> Array:
        never = lax.optimization_barrier(jnp.array(False))
        return lax.cond(never, counted, called, a, b)

    return product
