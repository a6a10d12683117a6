"""What compilers' tools see of a map that is computed by a kernel of ours.

XLA counts the multiplications of a program, and the bytes that they read, from its operations. Of a call into a library
it knows neither, and says -1. So the call stands in one branch of a conditional, and lax's convolution in the other,
which never runs: XLA counts a conditional as its larger branch. The branch is chosen by a constant that the compiler
cannot see through. On two cores that takes up to 5 µs a call, and 20 ms to compile.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.layers import layers_first, layers_last
from jtconv._arrays.padding import Run
from jtconv._compute.lax import kernel_gradient_by_lax, lax_conv, lax_transpose
from jtconv._geometry.spec import ConvSpec


def seen_as_convolution(computes: str, run: Run) -> Run:
    """`run`, which computes a map by means that XLA cannot see into, seen as lax's convolution, or its transpose.

    Layers that `jax.vmap` has merged are apart outside of the conditional: there the compiler sees that they were
    together before, and moves nothing.
    """

    def seen(a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
        one = replace(spec, groups=spec.groups // spec.layers, layers=1)
        convolution = jax.vmap(lambda a, b: _CONVOLUTIONS[computes](a, b, one, precision))

        def called(a: Array, b: Array) -> Array:
            return layers_first(run(layers_last(a, spec), layers_last(b, spec), spec, precision), spec)

        def counted(a: Array, b: Array) -> Array:
            # Of the result one number only, as XLA would lay out all of it as this branch does.
            result = convolution(a, b)
            return jnp.full(result.shape, result.ravel()[0])

        never = lax.optimization_barrier(jnp.array(False))
        return layers_last(lax.cond(never, counted, called, layers_first(a, spec), layers_first(b, spec)), spec)

    return seen


# Not given all padding at once: XLA's compiler ends the process at some such convolutions (see `split_pads`).
_CONVOLUTIONS: dict[str, Run] = {
    "forward": lax_conv,
    "transposed": lax_transpose,
    "kernel_gradient": kernel_gradient_by_lax,
}
