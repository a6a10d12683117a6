"""What compilers' tools see of a kernel that is compiled elsewhere.

XLA counts the multiplications of a program, and the bytes that they read, from its operations. Of a call into a library
it knows neither, and says -1. So the call stands in one branch of a conditional, and the same map made of XLA's
operations in the other one, which never runs: XLA counts a conditional as its larger branch. The branch is chosen by a
constant that the compiler cannot see through. On two cores that takes 0 to 5 µs a call, and 20 ms to compile.
"""

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import Run
from jtconv._geometry.spec import ConvSpec


def seen_as(form: Run, called: Run) -> Run:
    """`called`, which tools see as `form`: two implementations of one map."""

    def run(a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
        always = lax.optimization_barrier(jnp.array(True))
        return lax.cond(
            always, lambda a, b: called(a, b, spec, precision), lambda a, b: form(a, b, spec, precision), a, b
        )

    return run
