"""The registry of implementations of C, Cᵀ and the kernel's gradient, and the choice of "auto" among them.

A new implementation is a file that lists its `IMPLEMENTATIONS`, and the file's name here. `METHODS`, the choice, the
platforms that it tells apart, verification and the benchmark read this registry.
"""

from dataclasses import replace

from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._compute import (
    cpu_kernels,
    depthwise,
    depthwise_phases,
    lax,
    matrix,
    overlap_add,
    pieces,
    polyphase,
    scatter,
    space_to_depth,
    subpixel,
    vjp,
)
from jtconv._compute.groups import groups_together, merge_groups, separate_groups
from jtconv._compute.implementation import ANYWHERE, Implementation, Request

_FILES = (
    matrix,
    lax,
    scatter,
    vjp,
    overlap_add,
    polyphase,
    depthwise,
    space_to_depth,
    pieces,
    subpixel,
    depthwise_phases,
    cpu_kernels,
)

REGISTRY: dict[tuple[str, str], Implementation] = {
    (one.computes, one.name): one for file in _FILES for one in file.IMPLEMENTATIONS
}
"""Implementations by the map that is computed and by name."""


def methods() -> tuple[str, ...]:
    """The names that `method=` takes, "auto" first."""
    return ("auto", *(one.name for one in implementations("transposed") if one.is_method))


def implementations(computes: str) -> list[Implementation]:
    """Those of one map, in the order of their files."""
    return [one for one in REGISTRY.values() if one.computes == computes]


def platforms() -> tuple[str | None, ...]:
    """The platforms that have a choice of their own: those that an implementation names, and `OTHER` for the rest."""
    return tuple(dict.fromkeys((*ANYWHERE, *(name for one in REGISTRY.values() for name in one.platforms))))


def choose(computes: str, request: Request) -> Implementation:
    """The implementation that "auto" takes: the lowest cost of those that it may take, the last one of equal costs."""
    able = [one for one in implementations(computes) if one.takes(request)]
    return min(reversed(able), key=lambda one: one.cost(request))


def compute(computes: str, request: Request, a: Array, b: Array, precision: Precision, method: str = "auto") -> Array:
    """The map `computes` of operands a and b."""
    if method != "auto":
        return REGISTRY[computes, method].run(a, b, request.spec, precision)
    groups, together = request.spec.groups, groups_together(computes, request)
    if together == 1:
        return choose(computes, request).run(a, b, request.spec, precision)
    is_gradient = computes == "kernel_gradient"
    b = b if is_gradient else merge_groups(b, groups, together)
    request = replace(request, spec=replace(request.spec, groups=groups // together), shapes=(a.shape, b.shape))
    result = choose(computes, request).run(a, b, request.spec, precision)
    return separate_groups(result, groups, together) if is_gradient else result
