"""`lax_only`: programs of lax's operations alone, for tools that know no other primitives."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import jax
from jax import Array
from jax.extend.core import Primitive

# JAX traces and compiles a function anew where its value differs.
_active = jax.make_user_context(False)


@contextmanager
def lax_only() -> Iterator[None]:
    """Trace convolutions as lax's operations: within the block no primitive of jtconv enters a program.

    For tools that read a program's operations and know JAX's own alone: exporters such as jax2onnx, interpreters
    of jaxprs. The numbers are the same, to rounding, and so are all derivatives,
    which JAX then derives from lax's operations. Explicit methods of `jtconv.conv_transpose` keep theirs.
    "auto" is lax's convolution, with zeros inserted for Cᵀ.

    What is lost: jtconv's CPU kernels, the choice of an implementation by platform, derivatives that no
    method changes, and the tiles of `jtconv.spatial`: the whole image is computed at once. So use it to hand a
    program on, not to run it.

    A function that was jitted before the block is traced anew within it, and the other way round. What `jax.vjp` or
    `jax.linearize` has returned before may keep primitives of jtconv. The block holds for the thread that is in it.
    It also serves as a decorator.

    >>> import jax, jax.numpy as jnp
    >>> import jtconv
    >>> up = lambda y: jtconv.conv_transpose(y, jnp.ones((4, 2, 3)), strides=2, padding=1)
    >>> with jtconv.lax_only():
    ...     program = jax.make_jaxpr(up)(jnp.ones((1, 5, 3)))
    >>> "conv_general_dilated" in str(program), "jtconv" in str(program)
    (True, False)
    """
    with _active(True):
        yield


class ReplaceablePrimitive(Primitive):
    """A primitive that is not bound within `lax_only`: `replacement` is called with its operands and parameters."""

    def __init__(self, name: str, replacement: Callable[..., Array]):
        super().__init__(name)
        self.replacement = replacement

    def bind(self, *operands: Any, **params: Any) -> Any:
        """Call the replacement within `lax_only`, else become an operation of the program."""
        return self.replacement(*operands, **params) if _active.value else super().bind(*operands, **params)


def jit_outside_lax_only(f: Callable[..., Array], **options: Any) -> Callable[..., Array]:
    """Return `jax.jit(f, **options)`, which within `lax_only` is f itself.

    Exporters put functions of their own in the place of JAX's while they trace. What they traced must not be
    found later, nor must they find what was traced before.
    """
    compiled = jax.jit(f, **options)

    @wraps(f)
    def call(*arguments: Any, **keywords: Any) -> Array:
        return (f if _active.value else compiled)(*arguments, **keywords)

    return call
