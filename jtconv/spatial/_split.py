"""`Split`: the mesh axis that each axis of an image is split over, checked, with the resulting plan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
from jax import Array
from jax.core import Tracer
from jax.sharding import AbstractMesh, AxisType, Mesh, PartitionSpec

from jtconv._geometry import arguments as arg
from jtconv._geometry.axis_plan import AxisPlan, axis_plans, input_blocks, output_blocks
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class Split:
    """One convolution on a mesh. Hashable."""

    mesh: Mesh | AbstractMesh
    names: tuple[str | None, ...]
    batch: str | None
    spec: ConvSpec
    plans: tuple[AxisPlan | None, ...]

    @property
    def local_input_size(self) -> tuple[int, ...]:
        """A device's block of the input."""
        return input_blocks(self.spec, self.plans)

    @property
    def local_output_size(self) -> tuple[int, ...]:
        """A device's block of the output."""
        return output_blocks(self.spec, self.plans)

    @property
    def window_size(self) -> tuple[int, ...]:
        """Size of the array that a device convolves: windows on split axes, the whole input on the others."""
        sizes = zip(self.spec.input_size, self.plans, strict=True)
        return tuple(size if plan is None else plan.window for size, plan in sizes)

    def local_arguments(self) -> dict[str, Any]:
        """The geometry of the convolution of a device's windows, as keyword arguments."""
        pads = zip(self.spec.pads, self.plans, strict=True)
        padding = tuple(pair if plan is None else (0, 0) for pair, plan in pads)
        return {**self.spec.arguments(), "padding": padding}

    def partition(self, rank: int) -> PartitionSpec:
        """The sharding of an image of `rank` axes."""
        batch = (self.batch, *(None for _ in range(rank - 2 - len(self.names)))) if rank > 1 + len(self.names) else ()
        return PartitionSpec(*batch, *self.names, None)

    def whole_shape(self, image: tuple[int, ...], local_size: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of an image that is padded to whole blocks."""
        ndim = len(self.names)
        sizes = zip(local_size, self.names, strict=True)
        spatial = tuple(size * (1 if name is None else self.mesh.shape[name]) for size, name in sizes)
        batch = list(image[: len(image) - 1 - ndim])
        if self.batch is not None:
            devices = self.mesh.shape[self.batch]
            batch[0] = math.ceil(batch[0] / devices) * devices
        return (*batch, *spatial, image[-1])


def checked_split(mesh: Any, split: Any, batch: Any, spec: ConvSpec, batch_axes: int) -> Split:
    """Check the given `mesh`, `split` and `batch`, for an image with `batch_axes` batch axes."""
    if not isinstance(mesh, Mesh | AbstractMesh):
        raise TypeError(f"`mesh` must be a jax.sharding.Mesh, as jax.make_mesh makes it, got {type(mesh).__name__}.")
    if isinstance(split, str) or not isinstance(split, Sequence):
        raise TypeError(
            f"`split` must be a tuple of mesh axes' names and None, one per spatial axis, got {arg.shown(split)}."
        )
    kinds = set(mesh.axis_types)
    if len(kinds) > 1 or AxisType.Manual in kinds:
        raise ValueError(f"`mesh` must have axes of type Auto, or all of type Explicit, got {mesh.axis_types}.")
    if len(split) != spec.ndim:
        raise ValueError(
            f"`split` must have {spec.ndim} {'entry' if spec.ndim == 1 else 'entries'}, one per spatial axis of the "
            f"kernel, each the name of a mesh axis or None, got {arg.shown(split)}."
        )
    names = tuple(split)
    used = [name for name in (batch, *names) if name is not None]
    for name in used:
        if not isinstance(name, str) or name not in mesh.axis_names:
            raise ValueError(
                f"`split` and `batch` must name axes of the mesh, {mesh.axis_names}, or be None, got {arg.shown(name)}."
            )
    for name in used:
        if used.count(name) > 1:
            raise ValueError(f"`split` and `batch` must name each mesh axis at most once, got {arg.shown(name)} twice.")
    if batch is not None and batch_axes == 0:
        raise ValueError(f"`batch` must be None for an image without batch axes, got {arg.shown(batch)}.")
    devices = tuple(1 if name is None else mesh.shape[name] for name in names)
    return Split(mesh, names, batch, spec, axis_plans(spec, devices))


def check_devices(mesh: Mesh | AbstractMesh, **arrays: Array) -> None:
    """Check that concrete arrays which are committed to devices are on the devices of `mesh`."""
    for name, array in arrays.items():
        if isinstance(array, Tracer):
            continue
        if isinstance(mesh, AbstractMesh):
            if jax.sharding.get_abstract_mesh().empty:
                raise ValueError(
                    "`mesh` must have devices outside of `jax.jit` and `jax.set_mesh`, got an AbstractMesh."
                )
        elif array.committed and array.devices() != set(mesh.devices.flat):
            raise ValueError(
                f"`{name}` must be on the devices of `mesh`, or committed to none, got one that is committed to "
                f"{sorted(map(str, array.devices()))}. Move it with jax.device_put."
            )
