"""Sizes that `jax.export` leaves open.

A size is an int, or an expression of symbols such as 2*t + 1, made by `jax.export.symbolic_shape`: such a size is open.
`+`, `-`, `*` and `//` take both kinds, and `==` says whether two expressions are the same one. Every other comparison
of an open size may be without an answer, so it is made here.
"""

from collections.abc import Callable, Iterable

from jax.core import max_dim

try:
    from jax.errors import InconclusiveDimensionOperation
except ImportError:  # jax 0.10.0 keeps it elsewhere
    from jax.extend.core import InconclusiveDimensionOperation

Size = int  # or an expression, of a class that JAX keeps to itself


def is_open(size: Size) -> bool:
    """Whether the size is an expression rather than a number."""
    return not isinstance(size, int)


def any_open(sizes: Iterable[Size]) -> bool:
    return any(map(is_open, sizes))


def surely(holds: Callable[[], bool]) -> bool:
    """Whether a comparison holds for every value of the symbols; False where JAX cannot tell."""
    try:
        return holds()
    except InconclusiveDimensionOperation:
        return False


def not_below(size: Size, least: int) -> Size:
    """The larger of the two."""
    return max_dim(size, least)
