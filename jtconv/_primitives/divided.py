"""Division of a map among the devices of a mesh, each part computed by what is best for it.

XLA knows how to divide its own operations. What it cannot see into, such as the CPU kernels, it would gather on every
device. So it is told which dimensions the arrays have in common, from which it finds how to cut them (Shardy's sharding
rule), and then asks for the program of one device.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.experimental.custom_partitioning import custom_partitioning
from jax.interpreters import mlir
from jax.sharding import Mesh, NamedSharding

from jtconv._arrays.exchange import exchange, exchange_transposed
from jtconv._arrays.sharding import partition_spec
from jtconv._geometry.division import Division, dimensions, divide, sizes_of, summed
from jtconv._geometry.mesh_axes import common_mesh
from jtconv._geometry.spec import ConvSpec

Map = Callable[[Array, Array, ConvSpec], Array]
Shapes = tuple[tuple[int, ...], tuple[int, ...]]


def divided(run: Map, roles: str, spec: ConvSpec, shapes: Shapes) -> Callable[[Array, Array], Array]:
    """`run` for a layer, in a program that XLA divides: every device runs it on its parts.

    `roles` says which of x, w (the kernel) and y the two operands and the result are; `shapes` are the operands'.
    """

    def whole(a: Array, b: Array) -> Array:
        return run(a, b, spec)

    def partition(_: Any, operands: Any, result: Any) -> Any:
        arrays = (*operands, result)
        devices = sorted(arrays[0].sharding.device_set, key=jax.devices("cpu").index)
        sizes, placements = common_mesh([_parts(array, devices) for array in arrays])
        division = divide(roles, spec, shapes, placements, sizes)
        mesh = Mesh(np.array(devices).reshape(tuple(sizes.values())), tuple(sizes))
        a, b, c = (NamedSharding(mesh, partition_spec(division.placement(role))) for role in roles)
        return mesh, _part(run, roles, division), c, (a, b)

    call = custom_partitioning(whole)
    rule, options = sharding_rule(roles, spec, shapes)
    call.def_partition(partition, decode_shardings=False, sharding_rule=rule, **options)
    return call


def with_devices(ctx: mlir.LoweringRuleContext) -> mlir.LoweringRuleContext | None:
    """The context of a program that XLA divides among devices, with devices; None for other programs.

    `custom_partitioning` asks for devices. Which ones they are does not matter, as XLA counts them by their places. An
    exported program cannot hold the function that divides a map.
    """
    module, axes = ctx.module_context, ctx.module_context.axis_context
    count = getattr(axes, "num_devices", 1)
    devices = jax.devices("cpu")[:count]
    exported = module.lowering_parameters.for_export
    if count == 1 or len(devices) < count or exported or not getattr(jax.config, "jax_use_shardy_partitioner", True):
        return None
    known = replace(axes, device_assignment=tuple(devices))
    return ctx.replace(module_context=module.replace(axis_context=known))


def sharding_rule(roles: str, spec: ConvSpec, shapes: Shapes) -> tuple[str, dict[str, Any]]:
    """Say which dimensions the arrays have in common, as in "n s0 i, t0 i o -> n s0 o"; and of which kind they are."""
    sizes = sizes_of(roles, spec, shapes)
    arrays = [[_larger(axis, sizes) for axis in dimensions(role, spec)] for role in roles]
    texts = [" ".join(axis[0] if len(axis) == 1 else f"({' '.join(axis)})" for axis in array) for array in arrays]
    alone = {axis[0] for array in arrays for axis in array if len(axis) == 1}
    used = {one for array in arrays for axis in array for one in axis}
    return f"{texts[0]}, {texts[1]} -> {texts[2]}", {
        "reduction_factors": tuple(sorted(one for one in summed(roles, spec) & used if not one.startswith("t"))),
        "need_replication_factors": tuple(sorted(one for one in used if one.startswith("t"))),
        **{one: size for one, size in sizes.items() if one in used - alone},
    }


def _larger(axis: tuple[str, ...], sizes: dict[str, int]) -> tuple[str, ...]:
    """The dimensions of an axis of an array that have more than one entry, where it has several: Shardy's own rule."""
    return axis if len(axis) == 1 else tuple(one for one in axis if sizes[one] > 1) or axis[:1]


def _part(run: Map, roles: str, division: Division) -> Callable[[Array, Array], Array]:
    """The program of one device."""
    plans, names, part = division.plans(), division.names(), division.part()
    sums = tuple(name for one in summed(roles, division.spec) for name in division.cuts.get(one, ()))

    def prepared(array: Array, role: str) -> Array:
        if role == "w":
            return array
        array = _without_excess(array, role, division)
        return exchange(array, plans, names) if role == "x" else array

    def compute(a: Array, b: Array) -> Array:
        result = run(prepared(a, roles[0]), prepared(b, roles[1]), part)
        if roles[2] == "x":
            result = exchange_transposed(result, plans, names, division.blocks("x"))
        return lax.psum(result, sums) if sums else result

    return compute


def _without_excess(block: Array, role: str, division: Division) -> Array:
    """A block with zeros at positions beyond the array, where its size is no multiple of the number of devices."""
    sizes = division.spec.input_size if role == "x" else division.spec.output_size
    for axis, (size, own, name) in enumerate(zip(sizes, division.blocks(role), division.names(), strict=True)):
        if name is not None and own * division.parts(f"s{axis}") != size:
            position = lax.axis_index(name) * own + jnp.arange(own)
            inside = (position < size).reshape(-1, *(1 for _ in range(block.ndim - axis - 2)))
            block = jnp.where(inside, block, jnp.zeros((), block.dtype))
    return block


def _parts(array: jax.ShapeDtypeStruct, devices: Sequence[Any]) -> np.ndarray:
    """(devices, axes): the number of the part of the array that each device has."""
    assert array.sharding is not None
    fine = (len(devices),) * len(array.shape)  # a shape that every number of parts divides
    slices = array.sharding.devices_indices_map(fine)
    starts = np.array([[(s.start or 0) for s in slices[device]] for device in devices])
    widths = np.array([len(devices) if s.stop is None else s.stop - (s.start or 0) for s in slices[devices[0]]])
    return starts // widths
