"""Which dimensions of a layer the axes of a mesh cut, when a map of it is divided among devices.

A map has the dimensions n (the batch), s0, s1, ... (positions), t0, ... (taps), g (groups), i and o (the channels of a
group). Each array has some of them. A dimension that only the operands have is summed over: where it is cut, every
device has a part of each sum.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jtconv._geometry.axis_plan import AxisPlan, axis_plans, input_blocks, output_blocks
from jtconv._geometry.open_sizes import any_open, is_open
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec

Cuts = tuple[str, ...]  # the mesh axes that cut one axis of an array, the major one first
Placement = tuple[Cuts, ...]  # of an array, axis by axis

# Where as much moves, the earlier one is cut.
_PREFERENCE = "ngios"

_ASSUMED_SIZE = 16  # of an axis that `jax.export` leaves open, where numbers are compared


def dimensions(role: str, spec: ConvSpec) -> tuple[tuple[str, ...], ...]:
    """The dimensions of each axis of x, w (the kernel) or y; where there are groups, the last axis has two."""
    split = ("g",) if spec.groups > 1 else ()
    axes = range(spec.ndim)
    if role == "w":
        return (*((f"t{axis}",) for axis in axes), ("i",), (*split, "o"))
    return (("n",), *((f"s{axis}",) for axis in axes), (*split, "i" if role == "x" else "o"))


def summed(roles: str, spec: ConvSpec) -> set[str]:
    """The dimensions that a map sums over. `roles` says which of x, w and y its operands and its result are."""
    first, second, result = ({one for axis in dimensions(role, spec) for one in axis} for role in roles)
    return (first | second) - result


def sizes_of(roles: str, spec: ConvSpec, shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """Sizes of n, g, i and o, from the shapes of the two operands."""
    sizes = {"g": spec.groups}
    for role, shape in zip(roles, shapes, strict=False):
        if role == "w":
            sizes |= {"i": shape[-2], "o": shape[-1] // spec.groups}
        else:
            sizes |= {"n": shape[0], "i" if role == "x" else "o": shape[-1] // spec.groups}
    return sizes


@dataclass
class Division:
    """A layer on a mesh.

    Attributes:
      spec: the layer.
      mesh: sizes of the mesh's axes, by name.
      sizes: of the dimensions that must be cut into equal parts.
      cuts: the mesh axes that cut each dimension.
    """

    spec: ConvSpec
    mesh: Mapping[str, int]
    sizes: Mapping[str, int]
    cuts: dict[str, Cuts] = field(default_factory=dict)

    def parts(self, dimension: str) -> int:
        """Into how many parts a dimension is cut."""
        return math.prod(self.mesh[name] for name in self.cuts.get(dimension, ()))

    def can_cut(self, dimension: str, name: str) -> bool:
        """Whether a mesh axis can cut a dimension besides those that do.

        The channels of groups can be cut where every device has one group: equal parts of an axis are whole groups.
        """
        whole_groups = dimension in "io" and self.parts("g") < self.spec.groups
        if dimension.startswith("t") or whole_groups:
            return False
        size = self.sizes.get(dimension)
        return size is None or size % (self.parts(dimension) * self.mesh[name]) == 0

    def cut(self, dimension: str, name: str) -> None:
        """Cut a dimension by one more mesh axis. Neighbours are counted in the mesh's order, so positions follow it."""
        names = (*self.cuts.get(dimension, ()), name)
        self.cuts[dimension] = tuple(sorted(names, key=[*self.mesh].index)) if dimension.startswith("s") else names

    def placement(self, role: str) -> Placement:
        """How an array must be placed for every device to have its part."""
        axes = dimensions(role, self.spec)
        return tuple(tuple(name for one in axis for name in self.cuts.get(one, ())) for axis in axes)

    def names(self) -> list[Cuts | None]:
        """The mesh axes that cut each axis of positions."""
        return [self.cuts.get(f"s{axis}") for axis in range(self.spec.ndim)]

    def plans(self) -> tuple[AxisPlan | None, ...]:
        """The halos of each axis of positions."""
        return axis_plans(self.spec, tuple(self.parts(f"s{axis}") for axis in range(self.spec.ndim)))

    def part(self) -> ConvSpec:
        """The layer that each device computes: of windows, where positions are cut."""
        spec, plans, groups = self.spec, self.plans(), self.parts("g")
        axes = zip(spec.input_size, spec.pads, plans, strict=True)
        windows = [(i, pads) if plan is None else (plan.window, (0, 0)) for i, pads, plan in axes]
        return replace(
            spec,
            input_size=tuple(size for size, _ in windows),
            output_size=output_blocks(spec, plans),
            pads=tuple(pads for _, pads in windows),
            groups=spec.groups // groups,
            layers=1 if spec.layers % groups else spec.layers // groups,
        )

    def blocks(self, role: str) -> tuple[int, ...]:
        """A device's positions of x or y; the last devices' ones may extend beyond the array."""
        return (input_blocks if role == "x" else output_blocks)(self.spec, self.plans())


def divide(
    roles: str,
    spec: ConvSpec,
    shapes: Sequence[tuple[int, ...]],
    placements: Sequence[Placement],
    mesh: Mapping[str, int],
    evenly: bool = False,
) -> Division:
    """Choose, for every mesh axis that cuts some array, the dimension that moves the fewest numbers when cut.

    The arrays' own placements propose the dimensions. What is placed otherwise than chosen must be moved.

    Args:
      roles: which of x, w (the kernel) and y the two operands and the result are.
      spec: the layer.
      shapes: of the operands.
      placements: of the operands, and of the result where one is wanted.
      mesh: sizes of the mesh's axes, by name.
      evenly: whether positions must be cut into equal parts, too.
    """
    sizes = sizes_of(roles, spec, shapes)
    division = Division(spec, mesh, sizes | _even_positions(spec, evenly))
    arrays = [_proposals(role, placement, division) for role, placement in zip(roles, placements, strict=False)]
    for name in dict.fromkeys(name for proposals in arrays for name in proposals):
        placed = [proposals.get(name) for proposals in arrays]
        able = {one for one in placed if one is not None and division.can_cut(one, name)}
        if able:
            ordered = sorted(able, key=lambda one: _PREFERENCE.index(one[0]))
            best = min(ordered, key=lambda one: _moved(one, roles, spec, sizes, placed, mesh[name]))
            division.cut(best, name)
    return division


def _even_positions(spec: ConvSpec, evenly: bool) -> dict[str, int]:
    """The sizes that positions must be cut evenly by: of x and y, or of x alone where it is a ring."""
    axes = enumerate(zip(spec.input_size, spec.output_size, strict=True))
    if evenly:
        return {f"s{axis}": 1 if any_open((i, o)) else math.gcd(i, o) for axis, (i, o) in axes}
    return {f"s{axis}": i for axis, (i, _) in axes} if PADDING_MODES[spec.padding_mode].wraps else {}


def _proposals(role: str, placement: Placement, division: Division) -> dict[str, str]:
    """The dimension that each mesh axis cuts of an array."""
    axes = zip(placement, dimensions(role, division.spec), strict=True)
    pairs = (pair for cuts, among in axes for pair in _along_axis(cuts, among, division))
    return {name: one for name, one in pairs if not one.startswith("t")}


def _along_axis(cuts: Cuts, among: tuple[str, ...], division: Division) -> Iterator[tuple[str, str]]:
    """Pairs of a mesh axis and the dimension that it cuts, of one axis of an array: the outer dimension first."""
    outer, *inner = among
    left = division.sizes.get(outer)
    for name in cuts:
        if left == 1 and inner:
            outer, left, inner = inner[0], division.sizes[inner[0]], inner[1:]
        if left is not None and left % division.mesh[name]:
            return  # its parts do not hold whole groups or channels
        left = None if left is None else left // division.mesh[name]
        yield name, outer


def _moved(
    dimension: str, roles: str, spec: ConvSpec, sizes: Mapping[str, int], placed: Sequence[str | None], parts: int
) -> float:
    """About how many numbers a device receives if a mesh axis cuts this dimension; `placed`: what it cuts now."""
    total = 0.0
    for at, role in enumerate(roles):
        has = any(dimension in axis for axis in dimensions(role, spec))
        now, is_result, size = (*placed, None)[at], at == 2, _entries(role, spec, sizes)
        if is_result and not has:
            total += 2 * size  # the sum over the devices
        elif now not in (None, dimension):
            total += size / parts if has else size
        elif is_result and now is None:
            total += size
    return total


def _entries(role: str, spec: ConvSpec, sizes: Mapping[str, int]) -> int:
    """How many numbers an array has, or about how many where a size is open."""
    if role == "w":
        return math.prod((*spec.kernel_size, spec.groups, sizes["i"], sizes["o"]))
    positions = spec.input_size if role == "x" else spec.output_size
    axes = (sizes["n"], *positions, spec.groups, sizes["i" if role == "x" else "o"])
    return math.prod(_ASSUMED_SIZE if is_open(size) else size for size in axes)
