"""The registry of implementations of C, Cᵀ and the kernel's gradient, and the choice of "auto" among them.

A new implementation is a file that lists its `IMPLEMENTATIONS`, and the file's name here. `METHODS`, the choice, the
platforms that it tells apart, verification and the benchmark read this registry.
"""

from dataclasses import replace
from functools import partial

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
    single_window,
    space_to_depth,
    subpixel,
    vjp,
)
from jtconv._compute.dilation import reducible, without_dilation
from jtconv._compute.implementation import ANYWHERE, Implementation, Request
from jtconv._compute.merged_groups import groups_together, with_groups_merged
from jtconv._compute.padding_first import has_dilated_window, padding_first
from jtconv._compute.seen import seen_as_convolution
from jtconv._compute.settled import with_settled_axes
from jtconv._geometry.spec import ConvSpec

# The order settles ties: the later one of those that cost the same is taken.
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
    single_window,
    cpu_kernels,
)

REGISTRY: dict[tuple[str, str], Implementation] = {
    (one.computes, one.name): one for file in _FILES for one in file.IMPLEMENTATIONS
}
"""Implementations by the map that is computed and by name."""


def methods() -> tuple[str, ...]:
    """The names that `method=` takes, "auto" first."""
    return ("auto", *(one.name for one in implementations("transposed") if one.is_method))


def check_sizes_for(method: str, spec: ConvSpec) -> None:
    """Raise ValueError if the method needs numbers where `jax.export` leaves the image's sizes open."""
    if method == "auto" or not spec.is_open or REGISTRY["transposed", method].on_open_sizes:
        return
    able = [one.name for one in implementations("transposed") if one.is_method and one.on_open_sizes]
    raise ValueError(
        f"`method` {method!r} needs to know the size of `y`, of which `jax.export` leaves {spec.output_size} open: it "
        f"stores an entry for each position. Pass one of {', '.join(map(repr, ('auto', *able)))}, or sizes in numbers."
    )


def implementations(computes: str) -> list[Implementation]:
    """Those of one map, in the order of their files."""
    return [one for one in REGISTRY.values() if one.computes == computes]


def platforms() -> tuple[str | None, ...]:
    """The platforms that have a choice of their own: those that an implementation names, and `OTHER` for the rest."""
    return tuple(dict.fromkeys((*ANYWHERE, *(name for one in REGISTRY.values() for name in one.platforms))))


def choose(computes: str, request: Request) -> Implementation:
    """The implementation that "auto" takes: the lowest cost of those that it may take, the last one of equal costs."""
    able = [one for one in implementations(computes) if one.takes(request)]
    estimated = request.estimated()
    return min(reversed(able), key=lambda one: one.cost(estimated))


def compute(computes: str, request: Request, a: Array, b: Array, precision: Precision, method: str = "auto") -> Array:
    """The map `computes` of operands a and b."""
    run = partial(_reduced, computes, request) if method == "auto" else REGISTRY[computes, method].run
    if not all(request.spec.is_settled(axis) for axis in range(request.spec.ndim)):
        run = with_settled_axes(computes, run)
    return run(a, b, request.spec, precision)


def _reduced(computes: str, request: Request, a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The map with less dilation, where that is possible and quicker."""
    request = replace(request, spec=spec, shapes=(a.shape, b.shape))
    run = partial(_padded, computes, request)
    if reducible(computes, request):
        run = without_dilation(computes, run)
    if _is_opaque(computes, request):
        run = seen_as_convolution(computes, run)
    return run(a, b, spec, precision)


def _is_opaque(computes: str, request: Request) -> bool:
    """Whether "auto" takes a kernel of ours; its groups may be merged before."""
    return request.kernels_callable and choose(computes, request).is_opaque


def _padded(computes: str, request: Request, a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The map with uneven padding applied beforehand, where that matters."""
    run = partial(_merged, computes, request)
    if has_dilated_window(computes, replace(request, spec=spec, shapes=(a.shape, b.shape))):
        run = padding_first(computes, run)
    return run(a, b, spec, precision)


def _merged(computes: str, request: Request, a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The map with as many groups taken together as is quickest."""
    run = partial(_chosen, computes, request)
    together = groups_together(computes, replace(request, spec=spec, shapes=(a.shape, b.shape)))
    if together > 1:
        run = with_groups_merged(computes, together, run)
    return run(a, b, spec, precision)


def _chosen(computes: str, request: Request, a: Array, b: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The map of a layer that `request` was simplified to, by the implementation that "auto" takes for it."""
    one = choose(computes, replace(request, spec=spec, shapes=(a.shape, b.shape)))
    return one.run(a, b, spec, precision)
